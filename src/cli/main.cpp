#include <exception>
#include <iostream>

#include "cli/command_line.hpp"

int main(int argc, char** argv) {
    try {
        return cockpit::cli::run_command_line(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "cockpitctl: " << error.what() << '\n';
        return 1;
    }
}
