#pragma once

#include <string>

#include "session/inbox.h"

namespace sluice::component {

/** An event in the form that code in 1C receives. */
struct Envelope {
  /** JSON: id, event, redelivered, destination, contentType, headers, and `data` (text), `dataBase64` (anything else)
   * or `deferred`. */
  std::string json;
  /** The body must be kept for a later call: it is too large for an event of the platform, or binary. */
  bool keepBody = false;
};

/** Makes the envelope. A body of more than `inlineLimit` bytes is marked as deferred and left out. */
Envelope makeEnvelope(const session::Delivery& delivery, std::size_t inlineLimit);

}  // namespace sluice::component
