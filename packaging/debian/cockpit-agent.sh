# Without these it could only end with exit code 2.
settings_are_complete() {
    grep -Eq '^ *(export )?(COCKPIT_SERVER_KEY=.|ALLOW_UNSIGNED=.?(true|1|yes|on))' "$settings"
}

next_steps() {
    if settings_are_complete; then return; fi
    cat <<TEXT
cockpit-agent does not run yet: it needs to know its server.
  1. On the server:  runuser -u cockpit -- cockpit-server join-token --env-file /etc/cockpit/server.env
  2. Put the lines that it prints into $settings, and what this host allows (GIT_REPO_PATH, ...).
  3. systemctl restart cockpit-agent
TEXT
}
