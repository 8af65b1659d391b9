#include "server/api/run_fields.hpp"

#include "server/runs/run_request.hpp"

namespace cockpit::api {

std::vector<Field> manner_fields() {
    return {
        {.name = "concurrency",
         .type = Field::Type::amount,
         .description = "hosts of a wave, default \"100%\""},
        {.name = "max_failures",
         .type = Field::Type::amount,
         .description = "failures that are put up with, default 0"},
        {.name = "canary",
         .type = Field::Type::integer,
         .description = "hosts of the first wave, default 1 of more than one host",
         .min = 0,
         .max = static_cast<std::int64_t>(runs::most_hosts)},
        {.name = "pause_s", .type = Field::Type::number, .description = "seconds between waves"},
        {.name = "execution_timeout",
         .type = Field::Type::number,
         .description = "seconds a host may take; its own limit stays the maximum"},
        {.name = "offline",
         .description = "skip: leave out hosts that are away (default); wait: as long as "
                        "expires_in"},
        {.name = "expires_in",
         .type = Field::Type::number,
         .description = "seconds to wait for a host that is away, default 3600"},
        {.name = "force",
         .type = Field::Type::boolean,
         .description = "also where a maintenance window forbids it"}};
}

}  // namespace cockpit::api
