#pragma once
// The only place where our errors become HTTP. Every answer is application/problem+json with a
// `detail` for a person. Where a command is concerned its fields stand beside `detail`; `status` is
// then the command's word (success, error, …), as in every other answer about commands, and the
// number stands in the status line (RFC 9457, section 3.1: the member is advisory).

#include <string_view>

#include "server/auth/access.hpp"
#include "server/dispatch/admission.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/http/message.hpp"
#include "server/runs/run_error.hpp"
#include "server/targets/targeting.hpp"

namespace cockpit::api {

http::Response to_problem(const auth::AccessError& error);
http::Response to_problem(auth::TokenFailure failure);
http::Response to_problem(const dispatch::SubmitError& error);
http::Response to_problem(const dispatch::CancelError& error);
http::Response to_problem(const dispatch::AcceptKeyError& error);
/// 400 with `column`; `field` is where the expression stood.
http::Response to_problem(const targets::TargetError& error, std::string_view field);
http::Response to_problem(const targets::ChangeError& error);
http::Response to_problem(const runs::RunError& error);
/// Logs the message; the client is told only that the database is unavailable.
http::Response to_problem(const dispatch::StoreError& error);

/// 200 for success, 422 for what the host refused or failed, 504 for what did not end in time.
http::Response ended_response(const dispatch::CommandRecord& record);
/// 504: the waiter's time is over, the command's is not.
http::Response still_open_problem(const dispatch::CommandRecord& record);
/// 503: the command was accepted, but how it stands cannot be read.
http::Response unreadable_problem(const dispatch::CommandRecord& accepted);

}  // namespace cockpit::api
