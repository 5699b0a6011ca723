#include "component/envelope.h"

#include <algorithm>
#include <array>

#include "text/base64.h"
#include "text/json.h"
#include "text/utf.h"

namespace sluice::component {
namespace {

/** Headers with a member of their own, or with a meaning only in STOMP. */
constexpr std::array<std::string_view, 8> kOwnMembers = {
    "message-id", "ack", "subscription", "event", "redelivered", "destination", "content-length", "content-type"};

text::JsonObject otherHeaders(const stomp::Frame& message) {
  text::JsonObject headers;
  for (const auto& [name, value] : message.headers) {
    if (std::find(kOwnMembers.begin(), kOwnMembers.end(), name) == kOwnMembers.end()) headers.text(name, value);
  }
  return headers;
}

}  // namespace

Envelope makeEnvelope(const session::Delivery& delivery, std::size_t inlineLimit) {
  const stomp::Frame& message = delivery.message;
  text::JsonObject json;
  json.text("id", delivery.id).text("event", delivery.event);
  json.flag("redelivered", delivery.redelivered);
  json.text("destination", message.header("destination")).text("contentType", message.header("content-type"));
  json.object("headers", otherHeaders(message));
  json.number("size", message.body.size());
  const bool isText = text::isUtf8(message.body);
  const bool deferred = message.body.size() > inlineLimit;
  if (deferred) {
    json.flag("deferred", true);
  } else if (isText) {
    json.text("data", message.body);
  } else {
    json.text("dataBase64", text::toBase64(message.body));
  }
  return {json.str(), deferred || !isText};
}

}  // namespace sluice::component
