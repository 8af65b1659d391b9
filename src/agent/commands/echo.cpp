#include "agent/commands/echo.hpp"

#include <boost/json.hpp>

#include "agent/commands/immediate_execution.hpp"

namespace cockpit::commands {
namespace {

class Echo final : public executor::CommandHandler {
  public:
    Echo(boost::asio::any_io_executor loop, protocol::CommandSchema schema)
        : loop_(std::move(loop)), schema_(std::move(schema)) {}

    const protocol::CommandSchema& schema() const override { return schema_; }
    std::expected<void, std::string> allows(const boost::json::object&) const override {
        return {};
    }
    std::optional<std::string> resource(const boost::json::object&) const override {
        return std::nullopt;
    }
    std::unique_ptr<executor::Execution> start(const executor::Task& task, Done done) override {
        return immediate_execution(
            loop_,
            {.state = protocol::CommandState::success,
             .output = boost::json::value_to<std::string>(task.params.at("message")),
             .error = std::nullopt,
             .exit_code = std::nullopt},
            std::move(done));
    }

  private:
    boost::asio::any_io_executor loop_;
    protocol::CommandSchema schema_;
};

}  // namespace

std::unique_ptr<executor::CommandHandler> create_echo(boost::asio::any_io_executor loop,
                                                      protocol::CommandSchema schema) {
    return std::make_unique<Echo>(std::move(loop), std::move(schema));
}

}  // namespace cockpit::commands
