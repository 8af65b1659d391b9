#include "server/store/reader_threads.hpp"

namespace cockpit::store {

ReaderThreads::ReaderThreads(ConnectionFactory factory, std::size_t threads)
    : factory_(std::move(factory)) {
    for (std::size_t i = 0; i < threads; ++i)
        threads_.emplace_back([this] { run(); });
}

ReaderThreads::~ReaderThreads() {
    stop();
}

void ReaderThreads::submit(Work work) {
    {
        const std::lock_guard lock(mutex_);
        if (!stopping_) {
            waiting_.push_back(std::move(work));
            arrived_.notify_one();
            return;
        }
    }
    work(nullptr);
}

void ReaderThreads::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        arrived_.notify_all();
    }
    for (auto& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

void ReaderThreads::run() {
    Session session(factory_);
    for (;;) {
        Work work;
        {
            std::unique_lock lock(mutex_);
            arrived_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            work = std::move(waiting_.front());
            waiting_.pop_front();
        }
        work(&session);
    }
}

}  // namespace cockpit::store
