// the order of Windows headers matters, so blank lines keep them from being sorted
#include <winsock2.h>

#include <windows.h>

#include <wincrypt.h>

#include <schannel.h>

#include <security.h>

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "net/tls.h"
#include "text/utf.h"

namespace sluice::net {
namespace {

constexpr ULONG kContextFlags = ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY |
                                ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_STREAM | ISC_REQ_MANUAL_CRED_VALIDATION;

std::string hex(unsigned long status) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) out.push_back(kDigits[(status >> shift) & 0xFU]);
  return out;
}

std::string reasonOf(unsigned long status) {
  switch (static_cast<long>(status)) {
    case CERT_E_UNTRUSTEDROOT:
      return "its authority is not trusted (CERT_E_UNTRUSTEDROOT)";
    case CERT_E_CHAINING:
      return "its authority is not known (CERT_E_CHAINING)";
    case CERT_E_CN_NO_MATCH:
      return "it names another host (CERT_E_CN_NO_MATCH)";
    case CERT_E_EXPIRED:
      return "it has expired or is not valid yet (CERT_E_EXPIRED)";
    case CERT_E_REVOKED:
      return "it was revoked (CERT_E_REVOKED)";
    default:
      return "error " + hex(status);
  }
}

/** Returns the error of the chain, or 0. */
DWORD verdictOn(DWORD chainErrors) {
  if ((chainErrors & CERT_TRUST_IS_UNTRUSTED_ROOT) != 0) return static_cast<DWORD>(CERT_E_UNTRUSTEDROOT);
  if ((chainErrors & CERT_TRUST_IS_NOT_TIME_VALID) != 0) return static_cast<DWORD>(CERT_E_EXPIRED);
  if ((chainErrors & CERT_TRUST_IS_REVOKED) != 0) return static_cast<DWORD>(CERT_E_REVOKED);
  constexpr DWORD kBroken = CERT_TRUST_IS_PARTIAL_CHAIN | CERT_TRUST_IS_NOT_SIGNATURE_VALID;
  return (chainErrors & kBroken) != 0 ? static_cast<DWORD>(CERT_E_CHAINING) : 0;
}

std::wstring wide(const std::string& utf8) {
  const std::u16string text = text::toUtf16(utf8);
  return std::wstring(text.begin(), text.end());
}

template <typename Handle, BOOL(WINAPI* Close)(Handle)>
struct CloseHandleWith {
  using pointer = Handle;
  void operator()(Handle handle) const { Close(handle); }
};
void closeChain(PCCERT_CHAIN_CONTEXT chain) {
  CertFreeCertificateChain(chain);
}
void closeEngine(HCERTCHAINENGINE engine) {
  CertFreeCertificateChainEngine(engine);
}

BOOL WINAPI closeStore(HCERTSTORE store) {
  return CertCloseStore(store, 0);
}
using Store = std::unique_ptr<void, CloseHandleWith<HCERTSTORE, closeStore>>;
using Certificate = std::unique_ptr<const CERT_CONTEXT, CloseHandleWith<PCCERT_CONTEXT, CertFreeCertificateContext>>;
using Chain = std::unique_ptr<const CERT_CHAIN_CONTEXT, decltype(&closeChain)>;
using Engine = std::unique_ptr<void, decltype(&closeEngine)>;

/** All certificates of a PEM file. */
Store readAuthorities(const std::string& path) {
  std::ifstream file(wide(path).c_str(), std::ios::binary);
  const std::string pem((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  Store store(CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, 0, nullptr));
  static constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  static constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  int count = 0;
  for (std::size_t begin = pem.find(kBegin); begin != std::string::npos; begin = pem.find(kBegin, begin + 1)) {
    const std::size_t end = pem.find(kEnd, begin);
    if (end == std::string::npos) break;
    std::vector<BYTE> der(end - begin);
    auto size = static_cast<DWORD>(der.size());
    const auto length = static_cast<DWORD>(end + kEnd.size() - begin);
    if (!CryptStringToBinaryA(pem.data() + begin, length, CRYPT_STRING_BASE64HEADER, der.data(), &size, nullptr,
                              nullptr))
      continue;
    if (CertAddEncodedCertificateToStore(store.get(), X509_ASN_ENCODING, der.data(), size,
                                         CERT_STORE_ADD_REPLACE_EXISTING, nullptr))
      ++count;
  }
  if (count == 0) throw NetError("the file of authorities \"" + path + "\" has no certificate in PEM form");
  return store;
}

class SchannelFilter final : public TlsFilter {
 public:
  SchannelFilter(const std::string& host, const TlsOptions& options)
      : host_(host), wideHost_(wide(host)), verify_(options.verify) {
    if (!options.authorities.empty()) authorities_ = readAuthorities(options.authorities);
    SCHANNEL_CRED settings{};
    settings.dwVersion = SCHANNEL_CRED_VERSION;
    settings.grbitEnabledProtocols = SP_PROT_TLS1_2_CLIENT;
    // the certificate is verified below, in the same way with the authorities of the system and with a file
    settings.dwFlags = SCH_CRED_NO_DEFAULT_CREDS | SCH_CRED_MANUAL_CRED_VALIDATION | SCH_USE_STRONG_CRYPTO;
    const SECURITY_STATUS status =
        AcquireCredentialsHandleW(nullptr, const_cast<wchar_t*>(UNISP_NAME_W), SECPKG_CRED_OUTBOUND, nullptr, &settings,
                                  nullptr, nullptr, &credentials_, nullptr);
    if (status != SEC_E_OK) fail("cannot start Schannel", status);
  }

  ~SchannelFilter() override {
    if (hasContext_) DeleteSecurityContext(&context_);
    FreeCredentialsHandle(&credentials_);
  }
  SchannelFilter(const SchannelFilter&) = delete;
  SchannelFilter& operator=(const SchannelFilter&) = delete;

  void start(std::string& out) override { shakeHands(out); }

  void decode(std::string_view cipher, std::string& plain, std::string& out) override {
    incoming_ += cipher;
    if (!established_) shakeHands(out);
    if (established_) decrypt(plain);
  }

  void encode(std::string_view plain, std::string& out) override {
    for (; !plain.empty(); plain.remove_prefix(std::min<std::size_t>(plain.size(), sizes_.cbMaximumMessage))) {
      encrypt(plain.substr(0, sizes_.cbMaximumMessage), out);
    }
  }

  bool established() const override { return established_; }

 private:
  [[noreturn]] void fail(const char* what, SECURITY_STATUS status) const {
    throw NetError(std::string(what) + " with " + host_ + ": " + reasonOf(static_cast<unsigned long>(status)));
  }

  void shakeHands(std::string& out) {
    for (;;) {
      SecBuffer input[] = {{static_cast<unsigned long>(incoming_.size()), SECBUFFER_TOKEN, incoming_.data()},
                           {0, SECBUFFER_EMPTY, nullptr}};
      SecBuffer output[] = {{0, SECBUFFER_TOKEN, nullptr}};
      SecBufferDesc inputs{SECBUFFER_VERSION, 2, input};
      SecBufferDesc outputs{SECBUFFER_VERSION, 1, output};
      ULONG flags = 0;
      const SECURITY_STATUS status = InitializeSecurityContextW(
          &credentials_, hasContext_ ? &context_ : nullptr, wideHost_.data(), kContextFlags, 0, 0,
          hasContext_ ? &inputs : nullptr, 0, hasContext_ ? nullptr : &context_, &outputs, &flags, nullptr);
      if (output[0].pvBuffer != nullptr) {
        out.append(static_cast<const char*>(output[0].pvBuffer), output[0].cbBuffer);
        FreeContextBuffer(output[0].pvBuffer);
      }
      if (status == SEC_E_INCOMPLETE_MESSAGE) return;
      // the server requests a certificate of the client: Schannel continues without one after a second call
      if (status == SEC_I_INCOMPLETE_CREDENTIALS && !std::exchange(askedForCertificate_, true)) continue;
      if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED) fail("TLS", status);
      hasContext_ = true;
      keepExtra(input[1]);
      if (status == SEC_E_OK) return finishHandshake();
      if (incoming_.empty()) return;
    }
  }

  /** Keeps the bytes that the last call did not use for the next one. */
  void keepExtra(const SecBuffer& extra) {
    const std::size_t left = extra.BufferType == SECBUFFER_EXTRA ? extra.cbBuffer : 0;
    incoming_.erase(0, incoming_.size() - left);
  }

  void finishHandshake() {
    const SECURITY_STATUS status = QueryContextAttributesW(&context_, SECPKG_ATTR_STREAM_SIZES, &sizes_);
    if (status != SEC_E_OK) fail("TLS", status);
    if (verify_) checkCertificate();
    established_ = true;
  }

  void checkCertificate() {
    PCCERT_CONTEXT found = nullptr;
    const SECURITY_STATUS status = QueryContextAttributesW(&context_, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &found);
    if (status != SEC_E_OK) fail("TLS provides no certificate", status);
    const Certificate certificate(found);
    const Engine engine(makeEngine(), closeEngine);
    CERT_CHAIN_PARA parameters{};
    parameters.cbSize = sizeof parameters;
    PCCERT_CHAIN_CONTEXT built = nullptr;
    if (!CertGetCertificateChain(engine.get(), certificate.get(), nullptr, certificate->hCertStore, &parameters, 0,
                                 nullptr, &built)) {
      fail("the certificate cannot be verified in TLS", static_cast<SECURITY_STATUS>(GetLastError()));
    }
    const Chain chain(built, closeChain);

    SSL_EXTRA_CERT_CHAIN_POLICY_PARA expected{};
    expected.cbSize = sizeof expected;
    expected.dwAuthType = AUTHTYPE_SERVER;
    expected.pwszServerName = wideHost_.data();
    CERT_CHAIN_POLICY_PARA policy{};
    policy.cbSize = sizeof policy;
    policy.pvExtraPolicyPara = &expected;
    CERT_CHAIN_POLICY_STATUS verdict{};
    verdict.cbSize = sizeof verdict;
    if (!CertVerifyCertificateChainPolicy(CERT_CHAIN_POLICY_SSL, chain.get(), &policy, &verdict))
      verdict.dwError = GetLastError();
    // not every implementation of the policy rejects an incomplete chain
    if (verdict.dwError == 0) verdict.dwError = verdictOn(chain->TrustStatus.dwErrorStatus);
    if (verdict.dwError != 0)
      throw NetError("the certificate of " + host_ + " is rejected: " + reasonOf(verdict.dwError));
  }

  /** Null, which is the system's engine, unless there is a file of authorities. */
  HCERTCHAINENGINE makeEngine() const {
    if (!authorities_) return nullptr;
    CERT_CHAIN_ENGINE_CONFIG config{};
    config.cbSize = sizeof config;
    config.hExclusiveRoot = authorities_.get();
    HCERTCHAINENGINE engine = nullptr;
    if (!CertCreateCertificateChainEngine(&config, &engine))
      throw NetError("Windows does not accept the file of authorities: error " + hex(GetLastError()));
    return engine;
  }

  void decrypt(std::string& plain) {
    while (!incoming_.empty()) {
      SecBuffer buffers[] = {{static_cast<unsigned long>(incoming_.size()), SECBUFFER_DATA, incoming_.data()},
                             {0, SECBUFFER_EMPTY, nullptr},
                             {0, SECBUFFER_EMPTY, nullptr},
                             {0, SECBUFFER_EMPTY, nullptr}};
      SecBufferDesc message{SECBUFFER_VERSION, 4, buffers};
      const SECURITY_STATUS status = DecryptMessage(&context_, &message, 0, nullptr);
      if (status == SEC_E_INCOMPLETE_MESSAGE) return;
      // a close_notify needs no answer: the end of the socket follows
      if (status == SEC_I_CONTEXT_EXPIRED) return incoming_.clear();
      if (status != SEC_E_OK) fail("TLS", status);
      std::size_t extra = 0;
      for (const SecBuffer& buffer : buffers) {
        if (buffer.BufferType == SECBUFFER_DATA)
          plain.append(static_cast<const char*>(buffer.pvBuffer), buffer.cbBuffer);
        if (buffer.BufferType == SECBUFFER_EXTRA) extra = buffer.cbBuffer;
      }
      incoming_.erase(0, incoming_.size() - extra);
    }
  }

  void encrypt(std::string_view plain, std::string& out) {
    const std::size_t begin = out.size();
    out.resize(begin + sizes_.cbHeader + plain.size() + sizes_.cbTrailer);
    char* header = out.data() + begin;
    char* data = header + sizes_.cbHeader;
    plain.copy(data, plain.size());
    SecBuffer buffers[] = {{sizes_.cbHeader, SECBUFFER_STREAM_HEADER, header},
                           {static_cast<unsigned long>(plain.size()), SECBUFFER_DATA, data},
                           {sizes_.cbTrailer, SECBUFFER_STREAM_TRAILER, data + plain.size()},
                           {0, SECBUFFER_EMPTY, nullptr}};
    SecBufferDesc message{SECBUFFER_VERSION, 4, buffers};
    const SECURITY_STATUS status = EncryptMessage(&context_, 0, &message, 0);
    if (status != SEC_E_OK) fail("TLS", status);
    // the trailer may be shorter than announced
    out.resize(begin + buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer);
  }

  std::string host_;
  std::wstring wideHost_;
  bool verify_;
  Store authorities_;
  CredHandle credentials_{};
  CtxtHandle context_{};
  bool hasContext_ = false;
  bool established_ = false;
  bool askedForCertificate_ = false;
  SecPkgContext_StreamSizes sizes_{};
  std::string incoming_;
};

}  // namespace

std::unique_ptr<TlsFilter> makeTlsFilter(const std::string& host, const TlsOptions& options) {
  return std::make_unique<SchannelFilter>(host, options);
}

}  // namespace sluice::net
