#include "session/inbox.h"

#include <algorithm>

namespace sluice::session {
namespace {

/** Number of remembered acknowledged ids: a server repeats an event whose acknowledgement was lost. */
constexpr std::size_t kRemembered = 10'000;

}  // namespace

void Inbox::setLimits(const Limits& limits) {
  {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
  }
  onRoom_();
}

Inbox::Limits Inbox::limits() const {
  const std::lock_guard lock(mutex_);
  return limits_;
}

Inbox::Admission Inbox::offer(Delivery delivery, const Ticket& ticket) {
  const std::lock_guard lock(mutex_);
  Admission admission;
  if (acknowledged_.count(delivery.id) > 0) {
    admission.acknowledgeAgain = true;
    return admission;
  }
  const auto known = records_.find(delivery.id);
  if (known != records_.end()) {
    known->second.ticket = ticket;
    if (known->second.queued) return admission;
    delivery.redelivered = true;
    known->second.queued = true;
  } else if (!delivery.id.empty()) {
    records_[delivery.id].ticket = ticket;
  }
  if (fullLocked() && limits_.policy != OverflowPolicy::wait) {
    ++dropped_;
    admission.dropped = dropLocked(delivery);
    if (limits_.policy == OverflowPolicy::dropNewest) return admission;
  }
  bytes_ += weight(delivery);
  queue_.push_back(std::move(delivery));
  changed_.notify_all();
  return admission;
}

void Inbox::announce(const std::string& event, std::string data) {
  const std::lock_guard lock(mutex_);
  const auto stale = [&event](const Delivery& delivery) { return delivery.id.empty() && delivery.event == event; };
  const auto found = std::find_if(queue_.begin(), queue_.end(), stale);
  if (found != queue_.end()) {
    bytes_ -= weight(*found);
    queue_.erase(found);
  }
  Delivery delivery;
  delivery.event = event;
  delivery.message.body = std::move(data);
  bytes_ += weight(delivery);
  queue_.push_back(std::move(delivery));
  changed_.notify_all();
}

bool Inbox::full() const {
  const std::lock_guard lock(mutex_);
  return limits_.policy == OverflowPolicy::wait && fullLocked();
}

std::optional<Delivery> Inbox::take(net::Clock::time_point deadline, const std::function<bool()>& interrupted) {
  std::optional<Delivery> taken;
  bool room = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return !queue_.empty() || interrupted(); });
    if (queue_.empty() || interrupted()) return std::nullopt;
    room = fullLocked();
    taken = std::move(queue_.front());
    queue_.pop_front();
    bytes_ -= weight(*taken);
    room = room && !fullLocked();
    const auto record = records_.find(taken->id);
    if (record != records_.end()) record->second.queued = false;
  }
  if (room) onRoom_();
  return taken;
}

void Inbox::giveBack(Delivery delivery) {
  const std::lock_guard lock(mutex_);
  const auto record = records_.find(delivery.id);
  if (record != records_.end()) record->second.queued = true;
  bytes_ += weight(delivery);
  queue_.push_front(std::move(delivery));
  changed_.notify_all();
}

void Inbox::interrupt() {
  // with the lock, so that a waiting call cannot miss the notification between its check and its wait
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void Inbox::keepBody(const std::string& id, std::string body) {
  const std::lock_guard lock(mutex_);
  const auto record = records_.find(id);
  if (record != records_.end()) record->second.body = std::move(body);
}

std::optional<std::string> Inbox::body(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto record = records_.find(id);
  return record == records_.end() ? std::nullopt : record->second.body;
}

std::optional<Ticket> Inbox::acknowledge(const std::string& id) {
  const std::lock_guard lock(mutex_);
  rememberLocked(id);
  return settleLocked(id);
}

std::optional<Ticket> Inbox::reject(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return settleLocked(id);
}

void Inbox::beginSession(std::uint64_t session) {
  const std::lock_guard lock(mutex_);
  session_ = session;
  // events that the previous session did not deliver again are forgotten; their acknowledgements stay remembered
  for (auto at = records_.begin(); at != records_.end();) {
    const bool forgotten = !at->second.queued && at->second.ticket.session + 1 < session;
    at = forgotten ? records_.erase(at) : std::next(at);
  }
}

std::size_t Inbox::size() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

std::size_t Inbox::unacknowledged() const {
  const std::lock_guard lock(mutex_);
  return records_.size();
}

std::uint64_t Inbox::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

bool Inbox::fullLocked() const {
  return queue_.size() >= limits_.events || bytes_ >= limits_.bytes;
}

/** Makes room by the policy; returns the ticket of the dropped event. */
std::optional<Ticket> Inbox::dropLocked(Delivery& arriving) {
  if (limits_.policy == OverflowPolicy::dropNewest || queue_.empty()) return settleLocked(arriving.id);
  const std::string id = queue_.front().id;
  bytes_ -= weight(queue_.front());
  queue_.pop_front();
  return settleLocked(id);
}

std::optional<Ticket> Inbox::settleLocked(const std::string& id) {
  const auto record = records_.find(id);
  if (record == records_.end()) return std::nullopt;
  const Ticket ticket = record->second.ticket;
  records_.erase(record);
  const bool answerable = ticket.session == session_ && !ticket.ack.empty();
  return answerable ? std::optional<Ticket>(ticket) : std::nullopt;
}

void Inbox::rememberLocked(const std::string& id) {
  if (id.empty() || !acknowledged_.insert(id).second) return;
  acknowledgedOrder_.push_back(id);
  if (acknowledgedOrder_.size() <= kRemembered) return;
  acknowledged_.erase(acknowledgedOrder_.front());
  acknowledgedOrder_.pop_front();
}

}  // namespace sluice::session
