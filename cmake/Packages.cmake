# What `cmake --install` puts where, by component, and how `cpack` makes a .deb of each one (./dev package).
# Other systems: docs/install.md.

include(GNUInstallDirs)

# Units, users and directories belong to the prefix; systemd reads them below /usr and /usr/local.
set(COCKPIT_UNIT_DIR "${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
set(COCKPIT_CONFIG_DIR "${CMAKE_INSTALL_FULL_SYSCONFDIR}/cockpit")

# A compressed copy without a time in it, so that the same tree makes the same package.
function(cockpit_install_gzip file directory component)
  get_filename_component(name "${file}" NAME)
  set(gzipped "${CMAKE_BINARY_DIR}/packaging/${component}/${name}.gz")
  execute_process(COMMAND gzip -9nc "${file}" OUTPUT_FILE "${gzipped}" COMMAND_ERROR_IS_FATAL ANY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  install(FILES "${gzipped}" DESTINATION "${directory}" COMPONENT ${component})
endfunction()

# cockpit_package(component [SERVICE_USER user]): the program of this name, its manual, changelog and copyright; for a
# service also its unit, user, directories and settings.
function(cockpit_package component)
  cmake_parse_arguments(ARG "" "SERVICE_USER;MANUAL_SECTION" "" ${ARGN})
  set(made "${CMAKE_BINARY_DIR}/packaging/${component}")
  file(MAKE_DIRECTORY "${made}")
  set(doc "${CMAKE_INSTALL_DATAROOTDIR}/doc/${component}")
  install(FILES "${PROJECT_SOURCE_DIR}/packaging/debian/copyright" DESTINATION "${doc}" COMPONENT ${component})
  configure_file("${PROJECT_SOURCE_DIR}/packaging/debian/changelog.in" "${made}/changelog" @ONLY)
  cockpit_install_gzip("${made}/changelog" "${doc}" ${component})
  set(manual "${PROJECT_SOURCE_DIR}/share/man/${component}.${ARG_MANUAL_SECTION}")
  if(EXISTS "${manual}")
    cockpit_install_gzip("${manual}" "${CMAKE_INSTALL_MANDIR}/man${ARG_MANUAL_SECTION}" ${component})
  endif()
  if(NOT ARG_SERVICE_USER)
    install(TARGETS ${component} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT ${component})
    return()
  endif()

  install(TARGETS ${component} RUNTIME DESTINATION "${CMAKE_INSTALL_SBINDIR}" COMPONENT ${component})
  string(REPLACE "cockpit-" "" short "${component}")
  set(SERVICE "${component}")
  set(SERVICE_USER "${ARG_SERVICE_USER}")
  set(SETTINGS "${COCKPIT_CONFIG_DIR}/${short}.env")
  file(READ "${PROJECT_SOURCE_DIR}/packaging/debian/${component}.sh" SERVICE_FUNCTIONS)
  string(STRIP "${SERVICE_FUNCTIONS}" SERVICE_FUNCTIONS)
  foreach(script postinst prerm postrm conffiles)
    configure_file("${PROJECT_SOURCE_DIR}/packaging/debian/${script}.in" "${made}/${script}" @ONLY
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    list(APPEND control "${made}/${script}")
  endforeach()
  file(CHMOD "${made}/conffiles" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  string(TOUPPER "${component}" upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA "${control}" PARENT_SCOPE)

  foreach(kind service sysusers tmpfiles)
    configure_file("${PROJECT_SOURCE_DIR}/packaging/systemd/${component}.${kind}.in" "${made}/${component}.${kind}" @ONLY)
  endforeach()
  install(FILES "${made}/${component}.service" DESTINATION "${COCKPIT_UNIT_DIR}" COMPONENT ${component})
  foreach(kind sysusers tmpfiles)
    install(FILES "${made}/${component}.${kind}" DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/${kind}.d"
      RENAME "${component}.conf" COMPONENT ${component})
  endforeach()
  configure_file("${PROJECT_SOURCE_DIR}/packaging/debian/lintian-overrides.in" "${made}/lintian-overrides" @ONLY)
  install(FILES "${made}/lintian-overrides" DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/lintian/overrides"
    RENAME "${component}" COMPONENT ${component})
  install(FILES "${PROJECT_SOURCE_DIR}/packaging/config/${short}.env" DESTINATION "${COCKPIT_CONFIG_DIR}"
    PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ COMPONENT ${component})
endfunction()

set(PURGED_TOO " /etc/cockpit-agent")
cockpit_package(cockpit-agent SERVICE_USER cockpit-agent MANUAL_SECTION 8)
set(PURGED_TOO "")
cockpit_package(cockpit-server SERVICE_USER cockpit MANUAL_SECTION 8)
cockpit_package(cockpitctl MANUAL_SECTION 1)
# The owner's own commands.
install(DIRECTORY DESTINATION "${CMAKE_INSTALL_FULL_SYSCONFDIR}/cockpit-agent/commands.d" COMPONENT cockpit-agent)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/share/commands" COMPONENT cockpit-agent
  DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/cockpit-agent/examples")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cockpit)
set(CPACK_PACKAGE_VENDOR "the Cockpit authors")
set(CPACK_PACKAGE_CONTACT "the Cockpit authors <maintainers@cockpit.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")
set(CPACK_OUTPUT_FILE_PREFIX "${CMAKE_BINARY_DIR}/packages")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL cockpit-agent cockpit-server cockpitctl)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# The name is that of the component. dpkg-shlibdeps finds the libraries; libssl of the agent is loaded only for
# Redis with TLS, so it cannot be found, and is not needed without.
function(cockpit_describe component synopsis text)
  cmake_parse_arguments(ARG "" "RECOMMENDS;SUGGESTS;DEPENDS" "" ${ARGN})
  string(TOUPPER "${component}" upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME "${component}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${synopsis}\n${text}" PARENT_SCOPE)
  foreach(relation RECOMMENDS SUGGESTS DEPENDS)
    set(CPACK_DEBIAN_${upper}_PACKAGE_${relation} "${ARG_${relation}}" PARENT_SCOPE)
  endforeach()
endfunction()
cockpit_describe(cockpit-agent "runs commands that this host's owner allows"
  "A small daemon that takes signed commands from a cockpit-server over
Redis and runs those that the owner of this host allows: echo, git_pull,
docker_restart, health checks, and what is described in
/etc/cockpit-agent/commands.d."
  RECOMMENDS "git, libssl3" SUGGESTS "docker.io")
cockpit_describe(cockpit-server "takes commands for hosts over HTTP"
  "REST API, web page, permissions and audit record for commands on hosts,
which it sends over Redis to the cockpit-agent of each one. It keeps its
data in SQLite or PostgreSQL."
  DEPENDS "tzdata" RECOMMENDS "redis-server, git, openssh-client, ca-certificates" SUGGESTS "postgresql")
cockpit_describe(cockpitctl "commands for hosts, from a terminal"
  "Talks to the REST API of a cockpit-server: shows hosts, runs commands on
many of them and what they wrote, and why each is in its state.")
include(CPack)
add_custom_target(debs
  COMMAND "${CMAKE_CPACK_COMMAND}" -G DEB
  DEPENDS ${CPACK_COMPONENTS_ALL}
  WORKING_DIRECTORY "${CMAKE_BINARY_DIR}"
  USES_TERMINAL)
