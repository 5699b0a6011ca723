#pragma once

#include <string>

namespace sluice::session {

/** Returns a random UUID (RFC 4122, version 4). */
std::string makeUuid();

}  // namespace sluice::session
