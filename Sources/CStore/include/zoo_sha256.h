// SHA-256 (FIPS 180-4), with the processor's own instructions if available.
#ifndef ZOO_SHA256_H
#define ZOO_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct ZooSHA256 {
  uint32_t state[8];
  uint64_t length;
  uint8_t block[64];
} ZooSHA256;

ZooSHA256 zoo_sha256_start(void);
void zoo_sha256_update(ZooSHA256 *hash, const void *bytes, size_t count);
void zoo_sha256_finish(ZooSHA256 *hash, uint8_t digest[32]);

/// Processes whole blocks; the portable version, for processors without the instructions and as
/// reference for the fast version.
void zoo_sha256_portable(uint32_t state[8], const uint8_t *blocks, size_t count);
/// The version used here.
void zoo_sha256_blocks(uint32_t state[8], const uint8_t *blocks, size_t count);

#endif
