#pragma once
// A file descriptor that is closed with its owner.

#include <unistd.h>

#include <utility>

namespace cockpit::runtime {

class Descriptor {
  public:
    Descriptor() = default;
    /// Takes it over; a negative number is none.
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }

    int get() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }
    /// Closes what it holds, and holds another one, or none.
    void reset(int number = -1) {
        if (number_ >= 0) ::close(number_);
        number_ = number;
    }
    /// Gives it away, open.
    int release() { return std::exchange(number_, -1); }

  private:
    int number_ = -1;
};

}  // namespace cockpit::runtime
