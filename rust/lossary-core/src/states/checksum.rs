//! CRC-32 as in IEEE 802.3, gzip and PNG: every change of up to 32 neighbouring bits is found.

const TABLES: [[u32; 256]; 8] = tables();

/// Table 0 divides one byte; table k divides a byte that k bytes follow.
const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut rest = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            rest = (rest >> 1) ^ (0xEDB8_8320 & (rest & 1).wrapping_neg());
            bit += 1;
        }
        tables[0][byte] = rest;
        byte += 1;
    }
    let mut index = 256;
    while index < 8 * 256 {
        let before = tables[index / 256 - 1][index % 256];
        tables[index / 256][index % 256] = (before >> 8) ^ tables[0][(before & 0xff) as usize];
        index += 1;
    }
    tables
}

/// The checksum of these bytes, eight at a step.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let (words, tail) = bytes.as_chunks::<8>();
    let divided = words.iter().fold(u32::MAX, |crc, &word| {
        let mixed = u64::from_le_bytes(word) ^ u64::from(crc);
        let bytes = mixed.to_le_bytes().into_iter().rev();
        bytes.zip(&TABLES).fold(0, |sum, (byte, table)| sum ^ table[usize::from(byte)])
    });
    !tail.iter().fold(divided, |crc, &byte| (crc >> 8) ^ TABLES[0][usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition: one bit at a time.
    fn bitwise(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
        })
    }

    #[test]
    fn published_values_are_met() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926); // the check value of the catalogue of CRC algorithms
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(&[0; 32]), 0x190A_55AD); // RFC 3720 gives CRC-32C; this is zlib's value
    }

    #[test]
    fn eight_bytes_at_a_step_are_the_definition() {
        let bytes: Vec<u8> = (0..100_u32).map(|index| ((index * index) >> 3) as u8).collect();
        for length in 0..bytes.len() {
            assert_eq!(crc32(&bytes[..length]), bitwise(&bytes[..length]));
        }
    }
}
