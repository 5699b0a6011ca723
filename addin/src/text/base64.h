#pragma once

#include <string>
#include <string_view>

namespace sluice::text {

/** Encodes as RFC 4648 defines it, with padding. */
std::string toBase64(std::string_view bytes);

}  // namespace sluice::text
