#pragma once

#include <stdexcept>

namespace sluice::net {

/** The connection cannot be made or cannot go on; the text says where and why. */
class NetError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace sluice::net
