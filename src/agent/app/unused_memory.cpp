#include "agent/app/unused_memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace cockpit::agent_app {
namespace {

// Only what was mapped read-only: such pages are as the file has them. The relocated constants
// (RELRO) lie in a writable segment, are our own copies, and must stay.
int release_read_only_segments(dl_phdr_info* object, std::size_t, void*) {
    static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const auto& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const auto first = object->dlpi_addr + segment.p_vaddr;
        const auto begin = first / page * page;
        const auto end = (first + segment.p_memsz + page - 1) / page * page;
        // Refused for what is no file (the kernel's vdso), which is as well.
        ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

void release_unused_memory() {
    ::malloc_trim(0);
    ::dl_iterate_phdr(release_read_only_segments, nullptr);
}

}  // namespace cockpit::agent_app
