#pragma once
// The store over two kinds of connections: the writer's and the readers'. Knows neither database.

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "server/store/connection.hpp"
#include "server/store/store.hpp"

namespace cockpit::store {

struct Connections {
    ConnectionFactory writing;
    ConnectionFactory reading;
};

/// The schema must be there. Connections are made when they are first used.
std::unique_ptr<Store> create_store(boost::asio::any_io_executor io, Connections connections);

}  // namespace cockpit::store
