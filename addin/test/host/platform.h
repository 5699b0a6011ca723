// The platform as a component meets it: a memory manager that knows every pointer, and a queue of events that is often
// full.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "host/layout.h"

namespace host {

struct Event {
  std::string source;
  std::string event;
  std::string data;
};

class Platform {
 public:
  /** `applicationType`: 0 thin client, 3 server, and so on. */
  explicit Platform(int applicationType = 0);
  ~Platform();
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

  void* connection() { return &connection_; }
  void* memoryManager() { return &memory_; }

  // --- the queue of events, as the client's user interface sees it
  /** Takes the next event, as an idle user interface does; false when there is none. */
  bool takeEvent(Event& event);
  /** Without a handler no event is queued. */
  void setHandlerAvailable(bool available) { handlerAvailable_ = available; }
  /** The depth is never set above this. */
  void setMaxDepth(long depth) { maxDepth_ = depth; }
  long depth() const { return depth_; }
  std::size_t queued() const;
  int refusedEvents() const { return refusedEvents_; }

  /** From now on a call of the component is a failure. */
  void close() { closed_ = true; }

  /** Texts that the component threw since the last time. */
  std::vector<std::string> takeErrors();

  // --- memory
  void* allocate(std::size_t bytes);
  /** Of a live block; throws when the pointer is none of ours. */
  std::size_t sizeOf(const void* memory) const;
  void release(void* memory);
  std::size_t liveBlocks() const;
  /** The next so many allocations succeed, all later ones fail; negative: all succeed. */
  void limitAllocations(int count) { allocationsLeft_ = count; }

  /** What the component did against the rules; empty when nothing. */
  std::vector<std::string> takeViolations();

 private:
  struct Interface {
    void** table;
    Platform* platform;
  };
  struct ApplicationInfo {
    const char16_t* version;
    const char16_t* userAgent;
    int type;
  };

  static Platform& of(void* self) { return *static_cast<Interface*>(self)->platform; }
  void violate(const std::string& what);
  void expectMainThread(const char* what);

  static bool HOST_CALL allocateMemory(void* self, void** memory, unsigned long bytes);
  static void HOST_CALL freeMemory(void* self, void** memory);
  static bool HOST_CALL addError(void* self, unsigned short code, const char16_t* source, const char16_t* text,
                                 long number);
  static bool HOST_CALL setEventBufferDepth(void* self, long depth);
  static long HOST_CALL getEventBufferDepth(void* self);
  static bool HOST_CALL externalEvent(void* self, char16_t* source, char16_t* event, char16_t* data);
  static void* HOST_CALL getInterface(void* self, int which);
  static const ApplicationInfo* HOST_CALL getPlatformInfo(void* self);

  const std::thread::id mainThread_ = std::this_thread::get_id();
  void* connectionTable_[16] = {};
  void* memoryTable_[8] = {};
  void* infoTable_[1] = {};
  Interface connection_{connectionTable_, this};
  Interface memory_{memoryTable_, this};
  Interface info_{infoTable_, this};
  ApplicationInfo application_{u"8.3.27.1", u"", 0};

  mutable std::mutex mutex_;
  std::deque<Event> events_;
  std::atomic<long> depth_{1};
  std::atomic<long> maxDepth_{10'000};
  std::atomic<bool> handlerAvailable_{true};
  std::atomic<int> refusedEvents_{0};
  std::atomic<bool> closed_{false};
  std::map<const void*, std::size_t> blocks_;
  int allocationsLeft_ = -1;
  std::vector<std::string> errors_;
  std::vector<std::string> violations_;
};

}  // namespace host
