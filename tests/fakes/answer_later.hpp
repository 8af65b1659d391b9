#pragma once
// How every store in memory answers: in the next turn, as the real ones do.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <expected>
#include <type_traits>
#include <utility>

#include "runtime/await_callback.hpp"

namespace cockpit::fakes {

/// With the value; or, where it `fails`, with an error.
template <typename T, typename Error>
void answer_later(const boost::asio::any_io_executor& io,
                  runtime::Callback<std::expected<T, Error>> done, std::type_identity_t<T> value,
                  bool fails) {
    std::expected<T, Error> result = std::move(value);
    if (fails) result = std::unexpected(Error{"the fake store is broken"});
    boost::asio::post(io, [done = std::move(done), result = std::move(result)]() mutable {
        done(std::move(result));
    });
}

}  // namespace cockpit::fakes
