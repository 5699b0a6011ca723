#pragma once

namespace sluice::net {

/** Keeps this library loaded until the process ends: for a thread that cannot be waited for. */
void pinLibrary();

}  // namespace sluice::net
