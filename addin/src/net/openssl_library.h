// The used functions of the system's OpenSSL. They are looked up when TLS is first needed, so that one build runs with
// OpenSSL 1.1 and 3, and the component loads on machines without OpenSSL.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace sluice::net {

#define SLUICE_OPENSSL_FUNCTIONS(USE)   \
  USE(BIO_ctrl_pending)                 \
  USE(BIO_new)                          \
  USE(BIO_read)                         \
  USE(BIO_s_mem)                        \
  USE(BIO_write)                        \
  USE(ERR_clear_error)                  \
  USE(ERR_error_string_n)               \
  USE(ERR_get_error)                    \
  USE(SSL_CTX_ctrl)                     \
  USE(SSL_CTX_free)                     \
  USE(SSL_CTX_load_verify_locations)    \
  USE(SSL_CTX_new)                      \
  USE(SSL_CTX_set_default_verify_paths) \
  USE(SSL_CTX_set_verify)               \
  USE(SSL_ctrl)                         \
  USE(SSL_do_handshake)                 \
  USE(SSL_free)                         \
  USE(SSL_get0_param)                   \
  USE(SSL_get_error)                    \
  USE(SSL_get_verify_result)            \
  USE(SSL_new)                          \
  USE(SSL_read)                         \
  USE(SSL_set1_host)                    \
  USE(SSL_set_bio)                      \
  USE(SSL_set_connect_state)            \
  USE(SSL_write)                        \
  USE(TLS_client_method)                \
  USE(X509_VERIFY_PARAM_set1_ip_asc)    \
  USE(X509_verify_cert_error_string)

struct OpenSsl {
#define SLUICE_DECLARE(name) decltype(&::name) name;
  SLUICE_OPENSSL_FUNCTIONS(SLUICE_DECLARE)
#undef SLUICE_DECLARE

  /** Returns the functions. Throws NetError if the system has no suitable OpenSSL. */
  static const OpenSsl& load();
};

}  // namespace sluice::net
