#pragma once

#include <algorithm>
#include <chrono>

namespace sluice::net {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

/** Returns the time until then, rounded up; zero if it has passed. */
inline Milliseconds until(Clock::time_point then) {
  return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(then - Clock::now()));
}

}  // namespace sluice::net
