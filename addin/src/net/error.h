#pragma once

#include <stdexcept>

namespace sluice::net {

/** The connection failed; the text contains the address and the reason. */
class NetError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace sluice::net
