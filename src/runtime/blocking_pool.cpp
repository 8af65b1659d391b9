#include "runtime/blocking_pool.hpp"

namespace cockpit::runtime {

BlockingPool::BlockingPool(boost::asio::any_io_executor io, std::size_t threads)
    : io_(std::move(io)), pool_(threads) {}

BlockingPool::~BlockingPool() {
    join();
}

void BlockingPool::join() {
    pool_.join();
}

}  // namespace cockpit::runtime
