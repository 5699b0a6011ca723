#include "net/openssl_library.h"
#include "net/tls.h"

namespace sluice::net {
namespace {

std::string lastError(const OpenSsl& ssl) {
  const unsigned long code = ssl.ERR_get_error();
  if (code == 0) return "the server closed the connection";
  char text[256] = "";
  ssl.ERR_error_string_n(code, text, sizeof text);
  return text;
}

class OpenSslFilter final : public TlsFilter {
 public:
  OpenSslFilter(const std::string& host, const TlsOptions& options) : ssl_(OpenSsl::load()), host_(host) {
    ssl_.ERR_clear_error();
    context_ = ssl_.SSL_CTX_new(ssl_.TLS_client_method());
    if (context_ == nullptr) throw NetError("TLS: " + lastError(ssl_));
    try {
      configure(options);
    } catch (...) {
      release();
      throw;
    }
  }
  ~OpenSslFilter() override { release(); }
  OpenSslFilter(const OpenSslFilter&) = delete;
  OpenSslFilter& operator=(const OpenSslFilter&) = delete;

  void start(std::string& out) override { shakeHands(out); }

  void decode(std::string_view cipher, std::string& plain, std::string& out) override {
    ssl_.BIO_write(incoming_, cipher.data(), static_cast<int>(cipher.size()));
    if (!established_) shakeHands(out);
    if (!established_) return;
    char buffer[16U << 10U];
    ssl_.ERR_clear_error();
    int count = 0;
    while ((count = ssl_.SSL_read(connection_, buffer, sizeof buffer)) > 0)
      plain.append(buffer, static_cast<std::size_t>(count));
    takeOutgoing(out);
    const int reason = ssl_.SSL_get_error(connection_, count);
    // a close_notify needs no answer: earlier bytes have been read, and the end of the socket follows
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE && reason != SSL_ERROR_ZERO_RETURN) {
      throw NetError("TLS with " + host_ + ": " + lastError(ssl_));
    }
  }

  void encode(std::string_view plain, std::string& out) override {
    if (plain.empty()) return;
    ssl_.ERR_clear_error();
    if (ssl_.SSL_write(connection_, plain.data(), static_cast<int>(plain.size())) <= 0) {
      throw NetError("TLS with " + host_ + ": " + lastError(ssl_));
    }
    takeOutgoing(out);
  }

  bool established() const override { return established_; }

 private:
  void configure(const TlsOptions& options) {
    ssl_.SSL_CTX_ctrl(context_, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
    if (options.authorities.empty()) {
      ssl_.SSL_CTX_set_default_verify_paths(context_);
    } else if (ssl_.SSL_CTX_load_verify_locations(context_, options.authorities.c_str(), nullptr) != 1) {
      throw NetError("the file of authorities \"" + options.authorities + "\" cannot be read: " + lastError(ssl_));
    }
    ssl_.SSL_CTX_set_verify(context_, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    connection_ = ssl_.SSL_new(context_);
    if (connection_ == nullptr) throw NetError("TLS: " + lastError(ssl_));
    expectHost();
    incoming_ = ssl_.BIO_new(ssl_.BIO_s_mem());
    outgoing_ = ssl_.BIO_new(ssl_.BIO_s_mem());
    ssl_.SSL_set_bio(connection_, incoming_, outgoing_);
    ssl_.SSL_set_connect_state(connection_);
  }

  /** Requires the certificate to contain the host. A name, unlike an IP address, is also sent to the server (SNI). */
  void expectHost() {
    if (ssl_.X509_VERIFY_PARAM_set1_ip_asc(ssl_.SSL_get0_param(connection_), host_.c_str()) == 1) return;
    if (ssl_.SSL_set1_host(connection_, host_.c_str()) != 1) throw NetError("TLS: " + lastError(ssl_));
    ssl_.SSL_ctrl(connection_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host_.data());
  }

  void shakeHands(std::string& out) {
    ssl_.ERR_clear_error();
    const int result = ssl_.SSL_do_handshake(connection_);
    takeOutgoing(out);
    established_ = result == 1;
    if (established_ || ssl_.SSL_get_error(connection_, result) == SSL_ERROR_WANT_READ) return;
    const long verdict = ssl_.SSL_get_verify_result(connection_);
    if (verdict == X509_V_OK) throw NetError("TLS with " + host_ + ": " + lastError(ssl_));
    throw NetError("the certificate of " + host_ + " is rejected: " + ssl_.X509_verify_cert_error_string(verdict));
  }

  void takeOutgoing(std::string& out) {
    while (const std::size_t pending = ssl_.BIO_ctrl_pending(outgoing_)) {
      const std::size_t before = out.size();
      out.resize(before + pending);
      ssl_.BIO_read(outgoing_, out.data() + before, static_cast<int>(pending));
    }
  }

  /** The connection owns its two BIOs. */
  void release() {
    if (connection_ != nullptr) ssl_.SSL_free(connection_);
    ssl_.SSL_CTX_free(context_);
  }

  const OpenSsl& ssl_;
  std::string host_;
  SSL_CTX* context_ = nullptr;
  SSL* connection_ = nullptr;
  BIO* incoming_ = nullptr;
  BIO* outgoing_ = nullptr;
  bool established_ = false;
};

}  // namespace

std::unique_ptr<TlsFilter> makeTlsFilter(const std::string& host, const TlsOptions& options) {
  return std::make_unique<OpenSslFilter>(host, options);
}

}  // namespace sluice::net
