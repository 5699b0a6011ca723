#include "host/platform.h"

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "text/utf.h"

namespace host {
namespace {

constexpr int kPlatformInfo = 1;

std::string utf8(const char16_t* text) {
  return text == nullptr ? std::string() : sluice::text::toUtf8(text);
}

/** Fills slots that a component must not call. */
void HOST_CALL unexpected() {
  std::abort();
}

}  // namespace

Platform::Platform(int applicationType) {
  application_.type = applicationType;
  for (void*& slot : connectionTable_) slot = reinterpret_cast<void*>(&unexpected);
  for (void*& slot : memoryTable_) slot = reinterpret_cast<void*>(&unexpected);
  connectionTable_[kFirstSlot + 0] = reinterpret_cast<void*>(&addError);
  connectionTable_[kFirstSlot + 4] = reinterpret_cast<void*>(&setEventBufferDepth);
  connectionTable_[kFirstSlot + 5] = reinterpret_cast<void*>(&getEventBufferDepth);
  connectionTable_[kFirstSlot + 6] = reinterpret_cast<void*>(&externalEvent);
  connectionTable_[kFirstSlot + 10] = reinterpret_cast<void*>(&getInterface);
  memoryTable_[kFirstSlot + 0] = reinterpret_cast<void*>(&allocateMemory);
  memoryTable_[kFirstSlot + 1] = reinterpret_cast<void*>(&freeMemory);
  infoTable_[0] = reinterpret_cast<void*>(&getPlatformInfo);  // this interface has no destructor
}

Platform::~Platform() {
  for (const auto& [block, size] : blocks_) std::free(const_cast<void*>(block));
}

bool Platform::takeEvent(Event& event) {
  const std::lock_guard lock(mutex_);
  if (events_.empty()) return false;
  event = std::move(events_.front());
  events_.pop_front();
  return true;
}

std::size_t Platform::queued() const {
  const std::lock_guard lock(mutex_);
  return events_.size();
}

std::vector<std::string> Platform::takeErrors() {
  const std::lock_guard lock(mutex_);
  return std::exchange(errors_, {});
}

void* Platform::allocate(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (allocationsLeft_ == 0) return nullptr;
  if (allocationsLeft_ > 0) --allocationsLeft_;
  void* memory = std::malloc(bytes);
  blocks_[memory] = bytes;
  return memory;
}

std::size_t Platform::sizeOf(const void* memory) const {
  const std::lock_guard lock(mutex_);
  const auto block = blocks_.find(memory);
  if (block == blocks_.end()) throw std::runtime_error("a pointer that is not from the memory manager");
  return block->second;
}

void Platform::release(void* memory) {
  const std::lock_guard lock(mutex_);
  if (blocks_.erase(memory) == 0) {
    violations_.emplace_back("freed a pointer that is not from the memory manager");
  } else {
    std::free(memory);
  }
}

std::size_t Platform::liveBlocks() const {
  const std::lock_guard lock(mutex_);
  return blocks_.size();
}

std::vector<std::string> Platform::takeViolations() {
  const std::lock_guard lock(mutex_);
  return std::exchange(violations_, {});
}

void Platform::violate(const std::string& what) {
  const std::lock_guard lock(mutex_);
  violations_.push_back(what);
}

void Platform::expectMainThread(const char* what) {
  if (closed_) violate(std::string(what) + " after Done");
  if (std::this_thread::get_id() != mainThread_) violate(std::string(what) + " on a thread of the component");
}

bool HOST_CALL Platform::allocateMemory(void* self, void** memory, unsigned long bytes) {
  of(self).expectMainThread("AllocMemory");
  *memory = of(self).allocate(bytes);
  return *memory != nullptr;
}

void HOST_CALL Platform::freeMemory(void* self, void** memory) {
  of(self).expectMainThread("FreeMemory");
  of(self).release(*memory);
  *memory = nullptr;
}

bool HOST_CALL Platform::addError(void* self, unsigned short, const char16_t*, const char16_t* text, long number) {
  Platform& platform = of(self);
  platform.expectMainThread("AddError");
  if (number == 0) platform.violate("an error without a number throws no exception");
  const std::lock_guard lock(platform.mutex_);
  platform.errors_.push_back(utf8(text));
  return true;
}

bool HOST_CALL Platform::setEventBufferDepth(void* self, long depth) {
  of(self).expectMainThread("SetEventBufferDepth");
  of(self).depth_ = std::min(depth, of(self).maxDepth_.load());
  return true;
}

long HOST_CALL Platform::getEventBufferDepth(void* self) {
  return of(self).depth_;
}

bool HOST_CALL Platform::externalEvent(void* self, char16_t* source, char16_t* event, char16_t* data) {
  Platform& platform = of(self);
  if (platform.closed_) platform.violate("ExternalEvent after Done");
  const std::lock_guard lock(platform.mutex_);
  const bool queued =
      platform.handlerAvailable_ && platform.events_.size() < static_cast<std::size_t>(platform.depth_.load());
  if (queued) platform.events_.push_back({utf8(source), utf8(event), utf8(data)});
  if (!queued) ++platform.refusedEvents_;
  return queued;
}

void* HOST_CALL Platform::getInterface(void* self, int which) {
  of(self).expectMainThread("GetInterface");
  return which == kPlatformInfo ? &of(self).info_ : nullptr;
}

const Platform::ApplicationInfo* HOST_CALL Platform::getPlatformInfo(void* self) {
  return &of(self).application_;
}

}  // namespace host
