/**
 * A private key for tests, which protects no data. It and its certificate for localhost (valid until 2126) were created with:
 * openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost \
 *   -addext subjectAltName=DNS:localhost,IP:127.0.0.1
 */
export const KEY = `
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDgc+p39TaIJTe3az
2p9IMd6Vi4pVJPAAgs+xHZsHtmqhRANCAAQ/jy0Woag0vSmw5BTbVJbgZkyTp+Gk
CIYxPw+bTt/TOoK3UcSwVSyMnGvWfSQSemFCs2eKSIQU7nrRv76BAduJ
-----END PRIVATE KEY-----
`;
/** The certificate of {@link KEY}. */
export const CERTIFICATE = `
-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUV6LWFWoAHIdPTiC1Skto7h6/NB8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjIzMTkzOFoYDzIxMjYxMDI5
MjMxOTM4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQ/jy0Woag0vSmw5BTbVJbgZkyTp+GkCIYxPw+bTt/TOoK3UcSwVSyM
nGvWfSQSemFCs2eKSIQU7nrRv76BAduJo28wbTAdBgNVHQ4EFgQUe7Y6K5FNPiQr
NesEX1qgiPinv8wwHwYDVR0jBBgwFoAUe7Y6K5FNPiQrNesEX1qgiPinv8wwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgCnQWdkoJoFuIkAYCBjtkJsSqqFZcKY17lr0Dtsxf3QMCIGc5
Vk5UcuBM2FYdPFZRZSZgNYtDoB1uHJTklaQEckk2
-----END CERTIFICATE-----
`;
