#pragma once
// Threads that read, each with a connection of its own, so that the writer never keeps a reader
// waiting.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "server/store/connection.hpp"

namespace cockpit::store {

class ReaderThreads {
  public:
    /// Gets the thread's session, or null when the threads have ended. Must not throw.
    using Work = std::move_only_function<void(Session*)>;

    ReaderThreads(ConnectionFactory factory, std::size_t threads);
    /// stop()
    ~ReaderThreads();

    /// From any thread. After stop() the work is called at once, with null.
    void submit(Work work);
    /// Does what waits, then ends the threads.
    void stop();

  private:
    void run();

    ConnectionFactory factory_;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<Work> waiting_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace cockpit::store
