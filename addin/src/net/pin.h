#pragma once

namespace sluice::net {

/** Keeps this library loaded until the process ends, because a thread that was abandoned may still run. */
void pinLibrary();

}  // namespace sluice::net
