#pragma once

#include <string>

#include "session/inbox.h"

namespace sluice::component {

/** An event as the code in 1C gets it. */
struct Envelope {
  /** JSON: id, event, redelivered, destination, contentType, headers, and `data` (text), `dataBase64` (anything else)
   * or `deferred`. */
  std::string json;
  /** The body must be kept, as the code will ask for it: it is too large for an event of the platform, or binary. */
  bool keepBody = false;
};

/** A body of more than `inlineLimit` bytes is not put into the envelope, but announced as deferred. */
Envelope makeEnvelope(const session::Delivery& delivery, std::size_t inlineLimit);

}  // namespace sluice::component
