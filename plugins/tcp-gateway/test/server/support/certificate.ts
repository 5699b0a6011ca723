/**
 * A key that protects nothing, and its certificate for localhost until 2126:
 * openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost \
 *   -addext subjectAltName=DNS:localhost,IP:127.0.0.1
 */
export const KEY = `
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVoh9LrYZRg5yoNjC
OkbcDugsi39r3tthRNDyXbZrKFahRANCAARjAV6HM6+yCsuiTMANBiyQRfTUygTw
Nz84Q9lUofEmaMM3Htppa3CuvVrZz5gTbJqVYdpgLRIMflIH1Hdy5W79
-----END PRIVATE KEY-----
`;
export const CERTIFICATE = `
-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUTaAHIczMT0/X8sd9WFuvAYPgblEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE5MjkwNloYDzIxMjYxMDI5
MTkyOTA2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARjAV6HM6+yCsuiTMANBiyQRfTUygTwNz84Q9lUofEmaMM3Htppa3Cu
vVrZz5gTbJqVYdpgLRIMflIH1Hdy5W79o28wbTAdBgNVHQ4EFgQU2+v6YD/GVtwY
PkfhH02XKmYK9/cwHwYDVR0jBBgwFoAU2+v6YD/GVtwYPkfhH02XKmYK9/cwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgC9uZwcnZMReKZTjTagBIN8MLJXQnlsjUwl+6qQ40r9wCIQCT
rPbn8GytfP+krNpersvYz70kJlsfJul4C2vTcwphdg==
-----END CERTIFICATE-----
`;
