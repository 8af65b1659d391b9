// A program that is nothing but a keeper, so that tests of commands need not the whole agent.
#include <unistd.h>

#include "agent/keeper/keeper.hpp"
#include "crypto/sodium.hpp"

int main() {
    cockpit::crypto::initialize();
    ::_exit(cockpit::keeper::keep(STDIN_FILENO));
}
