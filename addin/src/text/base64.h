#pragma once

#include <string>
#include <string_view>

namespace sluice::text {

/** RFC 4648, with padding. */
std::string toBase64(std::string_view bytes);

}  // namespace sluice::text
