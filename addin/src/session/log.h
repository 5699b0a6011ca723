// The log: a ring buffer in memory and, optionally, a file. It never contains a token or the data of an event.
#pragma once

#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace sluice::session {

class Log {
 public:
  void write(std::string_view line);

  /** Returns the latest lines, oldest first. */
  std::string text() const;

  /** Sets the log file (UTF-8 path, empty for none). Returns false if it cannot be opened. */
  bool useFile(const std::string& path);
  std::string file() const;

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  mutable std::mutex mutex_;
  std::deque<std::string> lines_;
  std::string path_;
  std::unique_ptr<std::FILE, CloseFile> file_;
};

}  // namespace sluice::session
