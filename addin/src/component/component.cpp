#include "component/component.h"

#include <algorithm>

#include "component/envelope.h"
#include "text/json.h"
#include "text/utf.h"

namespace sluice::component {
namespace {

using net::Clock;
using net::Milliseconds;

/** The platform ends its client as soon as all components are done: time for sending acknowledgements. */
constexpr Milliseconds kGraceWhenDone{300};
constexpr std::size_t kMaxFailureText = 500;

/** Adds headers from lines of `name:value`. */
void addHeaders(stomp::Frame& frame, const std::string& lines) {
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', begin), lines.size());
    std::string line = lines.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    begin = end + 1;
    if (line.empty()) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || colon == 0) throw CallError("headers must be lines of name:value");
    frame.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
}

/** Throws CallError for bytes without a type: the gateway rejects arbitrary bytes and ends the session. */
std::string contentType(const Arguments& arguments, std::size_t body, std::size_t type) {
  std::string given = arguments.text(type);
  if (!given.empty()) return given;
  if (arguments.isBytes(body)) {
    throw CallError("name the content type of binary data in parameter " + std::to_string(type + 1) +
                    ": Sluice accepts JSON, XML, texts and forms; send other bytes as Base64 inside JSON");
  }
  return "application/json; charset=utf-8";
}

/** The gateway sets the header `status` of an answer to a status of HTTP; other servers do not set it. */
bool isFailure(std::string_view status) {
  return status.size() == 3 && (status[0] == '4' || status[0] == '5');
}

}  // namespace

Component::Component() : client_(std::make_shared<session::Client>()) {}

bool Component::init(const abi::Platform& platform) {
  platform_ = platform;
  dispatcher_ = std::make_unique<Dispatcher>(platform_, client_);
  // external events do not work on the server of 1C
  if (onServer()) mode_ = Mode::pull;
  return true;
}

void Component::done() {
  if (!dispatcher_) return;
  dispatcher_->stop();
  client_->outbox.close();
  client_->stop(connected_ ? kGraceWhenDone : Milliseconds(0));
  connected_ = false;
  dispatcher_.reset();
}

bool Component::connect(const Arguments& arguments) {
  try {
    options_.servers = net::parseAddresses(arguments.text(0));
  } catch (const std::invalid_argument& error) {
    throw CallError(error.what());
  }
  options_.user = arguments.text(1);
  options_.clientId = arguments.text(3);
  const Milliseconds time(arguments.count(4));
  connected_ = true;
  updateDispatcher();
  client_->start(options_, arguments.text(2));
  return client_->waitConnected(Clock::now() + time);
}

void Component::disconnect(Milliseconds grace) {
  client_->stop(grace);
  connected_ = false;
  updateDispatcher();
}

std::string Component::receiveEvent(Milliseconds time) {
  if (mode_ != Mode::pull)
    throw CallError("events are passed to the handler in this mode: set the property Mode to \"pull\" to fetch them");
  const std::optional<session::Delivery> delivery = client_->inbox.take(Clock::now() + time, [] { return false; });
  if (!delivery) return "";
  Envelope envelope = makeEnvelope(*delivery, dispatch_.inlineLimit);
  if (envelope.keepBody) client_->inbox.keepBody(delivery->id, delivery->message.body);
  ++client_->statistics.handedOut;
  if (dispatch_.autoAcknowledge && !delivery->id.empty()) client_->acknowledge(delivery->id);
  return std::move(envelope.json);
}

bool Component::acknowledge(const std::string& id) {
  return client_->acknowledge(id);
}

bool Component::reject(const std::string& id, const std::string& reason) {
  return client_->reject(id, reason);
}

std::string Component::eventData(const std::string& id, std::size_t offset, std::size_t length) const {
  const std::optional<std::string> body = client_->inbox.body(id);
  if (!body)
    throw CallError("no data is kept for the event \"" + id + "\": it was not deferred, or has been acknowledged");
  if (offset == 0 && length == 0) return *body;
  // 1C counts characters in UTF-16 units
  const std::u16string whole = text::toUtf16(*body);
  if (offset >= whole.size()) return "";
  return text::toUtf8(whole.substr(offset, length == 0 ? std::u16string::npos : length));
}

std::string Component::eventBytes(const std::string& id) const {
  return eventData(id, 0, 0);
}

bool Component::send(const Arguments& arguments) {
  stomp::Frame frame;
  frame.headers = {{"destination", arguments.text(0)}, {"content-type", contentType(arguments, 1, 2)}};
  frame.body = arguments.body(1);
  checkSize(frame.body);
  const Milliseconds time(arguments.count(3));
  addHeaders(frame, arguments.text(4));
  const bool watched = time.count() > 0;
  const std::optional<std::string> receipt = client_->send(std::move(frame), watched);
  if (!receipt) {
    client_->setLastError("too many bytes are not yet confirmed by the server: send again later");
    return false;
  }
  if (!watched) return true;
  const session::SendResult result = client_->outbox.wait(*receipt, Clock::now() + time);
  if (result.state == session::SendState::refused) client_->setLastError(result.reason);
  if (result.state == session::SendState::waiting)
    client_->setLastError("the server has not confirmed in time: the component continues to send");
  return result.state == session::SendState::confirmed;
}

std::string Component::request(const Arguments& arguments) {
  stomp::Frame frame;
  frame.headers = {{"destination", arguments.text(0)}, {"content-type", contentType(arguments, 1, 3)}};
  frame.body = arguments.body(1);
  checkSize(frame.body);
  const Milliseconds time(arguments.count(2));
  const session::Answer given = client_->request(std::move(frame), replyTo_, Clock::now() + time);
  if (!given.refusal.empty()) throw CallError(given.refusal);
  const std::optional<stomp::Frame>& answer = given.frame;
  if (!answer)
    throw CallError("no answer from " + arguments.text(0) + " within " + std::to_string(time.count()) + " ms");
  if (isFailure(answer->header("status"))) {
    throw CallError(arguments.text(0) + " answers " + std::string(answer->header("status")) + ": " +
                    std::string(text::beginningOf(answer->body, kMaxFailureText)));
  }
  return answer->body;
}

void Component::setMode(Mode mode) {
  if (mode == Mode::push && onServer())
    throw CallError("events cannot be handled on the server of 1C: use the Mode \"pull\" there");
  mode_ = mode;
  updateDispatcher();
}

void Component::setDispatch(const DispatchSettings& settings) {
  dispatch_ = settings;
  if (!dispatcher_ || !dispatcher_->running()) return;
  dispatcher_->stop();
  updateDispatcher();
}

void Component::setEventBufferDepth(std::int64_t depth) {
  if (depth < 1 || depth > 10'000) throw CallError("EventBufferDepth must be from 1 to 10000");
  eventBufferDepth_ = static_cast<long>(depth);
  if (dispatcher_ && dispatcher_->running()) platform_.setEventBufferDepth(eventBufferDepth_);
}

std::string Component::statistics() const {
  const session::Statistics& counts = client_->statistics;
  return text::JsonObject()
      .text("state", session::nameOf(client_->state()))
      .number("sessions", counts.sessions)
      .number("received", counts.received)
      .number("queued", client_->inbox.size())
      .number("handedOut", counts.handedOut)
      .number("retried", counts.retried)
      .number("unacknowledged", client_->inbox.unacknowledged())
      .number("acknowledged", counts.acknowledged)
      .number("rejected", counts.rejected)
      .number("dropped", client_->inbox.dropped())
      .number("sent", counts.sent)
      .number("confirmed", counts.confirmed)
      .number("refused", counts.refused)
      .number("unconfirmed", client_->outbox.unconfirmed())
      .str();
}

void Component::setAnnouncesStates(bool wanted) {
  announcesStates_ = wanted;
  client_->announceStates(wanted);
}

bool Component::onServer() const {
  const abi::ApplicationType type = platform_.applicationType();
  return type == abi::ApplicationType::server || type == abi::ApplicationType::externalConnection ||
         type == abi::ApplicationType::mobileServer;
}

/** Runs the dispatcher while the component is connected in the mode `push`, and stops it otherwise. */
void Component::updateDispatcher() {
  const bool wanted = connected_ && mode_ == Mode::push;
  if (!dispatcher_ || wanted == dispatcher_->running()) return;
  if (!wanted) return dispatcher_->stop();
  const long depth = platform_.setEventBufferDepth(eventBufferDepth_);
  if (depth < eventBufferDepth_) client_->log.write("the platform keeps at most " + std::to_string(depth) + " events");
  dispatcher_->start(dispatch_);
}

void Component::checkSize(const std::string& body) const {
  if (body.size() <= options_.maxFrame) return;
  throw CallError("the data has " + std::to_string(body.size()) + " bytes, more than MaxFrame (" +
                  std::to_string(options_.maxFrame) + "): send a reference to it instead");
}

}  // namespace sluice::component
