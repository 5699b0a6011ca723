// The platform as the component sees it.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "abi/platform_tables.h"

namespace sluice::abi {

/** Largest capability that we understand; 3 is the newest that is published. */
inline constexpr int kCapabilities = 3;

/** What the platform has announced by SetPlatformCapabilities, for all objects of this library; -1 before. */
inline std::atomic<int> announcedCapabilities{-1};

class Platform {
 public:
  void attach(void* connection) { connection_ = connection; }
  void useMemory(void* manager) { memory_ = manager; }

  /**
   * Queues an event for the code of the client. False: it was not queued (the queue is full, or events are not handled
   * now), and is lost unless the caller keeps it. May be called on any thread.
   */
  bool externalEvent(std::u16string source, std::u16string event, std::u16string data) const;

  /** Sets the depth of the platform's queue and gives the depth it has now. */
  long setEventBufferDepth(long depth) const;

  /** Makes the statement that called us throw this text. */
  void throwError(std::u16string_view text) const;

  ApplicationType applicationType() const;

  /** A terminated copy in the platform's memory, which the platform frees; null when it gives none. */
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
