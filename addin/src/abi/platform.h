// Calls of the component to the platform.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "abi/platform_tables.h"

namespace sluice::abi {

/** Largest supported capability; 3 is the newest published one. */
inline constexpr int kCapabilities = 3;

/** Capability that the platform has announced with SetPlatformCapabilities, for all objects; -1 before that. */
inline std::atomic<int> announcedCapabilities{-1};

class Platform {
 public:
  void attach(void* connection) { connection_ = connection; }
  void useMemory(void* manager) { memory_ = manager; }

  /**
   * Queues an event for the code of the client. Returns false if the event was not queued (the queue is full, or events
   * are not handled now); the caller must keep it then. May be called on any thread.
   */
  bool externalEvent(std::u16string source, std::u16string event, std::u16string data) const;

  /** Sets the depth of the platform's queue and returns the resulting depth. */
  long setEventBufferDepth(long depth) const;

  /** Makes the calling statement in 1C throw this text. */
  void throwError(std::u16string_view text) const;

  ApplicationType applicationType() const;

  /** Returns a terminated copy in memory of the platform, which the platform frees; null if there is no memory. */
  char16_t* copyText(std::u16string_view text) const;
  char* copyBytes(std::string_view bytes) const;
  void release(void** memory) const;

 private:
  const ConnectionTable* connectionTable() const { return *static_cast<ConnectionTable* const*>(connection_); }
  const MemoryManagerTable* memoryTable() const { return *static_cast<MemoryManagerTable* const*>(memory_); }
  void* allocate(std::size_t bytes) const;

  void* connection_ = nullptr;
  void* memory_ = nullptr;
};

}  // namespace sluice::abi
