#include "session/outbox.h"

#include <algorithm>

namespace sluice::session {
namespace {

constexpr std::size_t kMaxBytes = 16U << 20U;
constexpr int kMaxBlamed = 3;

}  // namespace

bool Outbox::send(const stomp::Frame& frame, bool watched) {
  Entry entry{std::string(frame.header("receipt")), stomp::serialize(frame)};
  {
    const std::lock_guard lock(mutex_);
    if (bytes_ > 0 && bytes_ + entry.bytes.size() > kMaxBytes) return false;
    if (watched) watched_[entry.id] = {};
    bytes_ += entry.bytes.size();
    sends_.push_back(std::move(entry));
  }
  onFrame_();
  return true;
}

void Outbox::sendNow(const stomp::Frame& frame, std::uint64_t session) {
  {
    const std::lock_guard lock(mutex_);
    if (session != session_) return;
    urgent_.push_back(stomp::serialize(frame));
  }
  onFrame_();
}

SendResult Outbox::wait(const std::string& id, net::Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  const auto settled = [&] { return closed_ || watched_[id].state != SendState::waiting; };
  answered_.wait_until(lock, deadline, settled);
  SendResult result = watched_[id];
  watched_.erase(id);
  return result;
}

void Outbox::confirm(const std::string& id) {
  const std::lock_guard lock(mutex_);
  settleLocked(id, {SendState::confirmed, ""});
}

void Outbox::refuse(const std::string& id, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  settleLocked(id, {SendState::refused, reason});
}

void Outbox::beginSession(std::uint64_t session) {
  const std::lock_guard lock(mutex_);
  session_ = session;
  urgent_.clear();
  sent_ = 0;
}

void Outbox::blameOldest(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (sent_ == 0 || ++sends_.front().blamed < kMaxBlamed) return;
  settleLocked(std::string(sends_.front().id), {SendState::refused, reason});
}

void Outbox::take(std::string& into, std::size_t enough) {
  const std::lock_guard lock(mutex_);
  for (; !urgent_.empty() && into.size() < enough; urgent_.pop_front()) into += urgent_.front();
  for (; sent_ < sends_.size() && into.size() < enough; ++sent_) into += sends_[sent_].bytes;
}

void Outbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  answered_.notify_all();
}

std::size_t Outbox::unconfirmed() const {
  const std::lock_guard lock(mutex_);
  return sends_.size();
}

void Outbox::settleLocked(const std::string& id, SendResult result) {
  const auto entry = std::find_if(sends_.begin(), sends_.end(), [&id](const Entry& one) { return one.id == id; });
  if (entry == sends_.end()) return;
  if (static_cast<std::size_t>(entry - sends_.begin()) < sent_) --sent_;
  bytes_ -= entry->bytes.size();
  sends_.erase(entry);
  const auto watched = watched_.find(id);
  if (watched == watched_.end()) return;
  watched->second = std::move(result);
  answered_.notify_all();
}

}  // namespace sluice::session
