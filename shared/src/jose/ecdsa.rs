//! ECDSA signatures: from the DER that KMS and most others have to the fixed width that JWS wants.

use super::der::two_numbers;

/// Returns `r` and `s` of an `ECDSA-Sig-Value` (RFC 3279 section 2.2.3), each as wide as half of `width` bytes (RFC 7518 section
/// 3.4). `None`: it isn't strict DER, or a number is zero or too wide.
///
/// One in a hundred has a leading zero byte, which DER leaves out and JWS doesn't; and each second number begins with a zero
/// byte in DER that isn't one of its own.
pub fn to_fixed_width(der: &[u8], width: usize) -> Option<Vec<u8>> {
    let (r, s) = two_numbers(der)?;
    let mut fixed = vec![0; width];
    let (left, right) = fixed.split_at_mut(width / 2);
    fill(left, r)?;
    fill(right, s)?;
    Some(fixed)
}

/// Right-aligns a number, which must not be zero and must fit.
fn fill(into: &mut [u8], number: &[u8]) -> Option<()> {
    let start = into.len().checked_sub(number.len()).filter(|_| number != [0])?;
    into[start..].copy_from_slice(number);
    Some(())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        self as aws, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, KeyPair as _, UnparsedPublicKey,
    };

    use super::*;

    #[test]
    fn ten_thousand_signatures_of_each_curve_keep_their_meaning_and_have_one_width() {
        let curves: [(&EcdsaSigningAlgorithm, &EcdsaVerificationAlgorithm, usize); 3] = [
            (&aws::ECDSA_P256_SHA256_ASN1_SIGNING, &aws::ECDSA_P256_SHA256_FIXED, 64),
            (&aws::ECDSA_P384_SHA384_ASN1_SIGNING, &aws::ECDSA_P384_SHA384_FIXED, 96),
            (&aws::ECDSA_P521_SHA512_ASN1_SIGNING, &aws::ECDSA_P521_SHA512_FIXED, 132),
        ];
        for (signing, verifying, width) in curves {
            let key = EcdsaKeyPair::generate(signing).unwrap();
            let public = UnparsedPublicKey::new(verifying, key.public_key().as_ref().to_vec());
            let random = SystemRandom::new();
            let mut with_leading_zero = 0;
            // About one in 128 has a leading zero: some more than 10,000 are needed if chance has dealt fewer than 50.
            for n in 0..40_000_u32 {
                if n >= 10_000 && with_leading_zero >= 50 {
                    break;
                }
                let message = n.to_be_bytes();
                let fixed = to_fixed_width(key.sign(&random, &message).unwrap().as_ref(), width).unwrap();
                assert_eq!(fixed.len(), width);
                public.verify(&message, &fixed).unwrap();
                with_leading_zero += u32::from(fixed[0] == 0 || fixed[width / 2] == 0);
            }
            assert!(with_leading_zero >= 50, "{width}: {with_leading_zero}");
        }
    }

    #[test]
    fn short_numbers_are_padded_on_the_left() {
        let fixed = to_fixed_width(&[0x30, 6, 2, 1, 1, 2, 1, 2], 64).unwrap();
        assert_eq!((fixed[31], fixed[63]), (1, 2));
        assert_eq!(fixed.iter().filter(|byte| **byte != 0).count(), 2);
    }

    #[test]
    fn nothing_but_the_one_der_form_is_taken() {
        let good = [0x30, 7, 2, 2, 0, 0x80, 2, 1, 2];
        assert!(to_fixed_width(&good, 64).is_some());
        for bad in [
            &[][..],
            &good[..8],
            &[&good[..], &[0]].concat(),
            // Not a sequence, not an integer.
            &[0x31, 7, 2, 2, 0, 0x80, 2, 1, 2],
            &[0x30, 7, 2, 2, 0, 0x80, 4, 1, 2],
            // Negative, zero, empty, with a zero byte too many.
            &[0x30, 6, 2, 1, 0x80, 2, 1, 2],
            &[0x30, 6, 2, 1, 0, 2, 1, 2],
            &[0x30, 5, 2, 0, 2, 1, 2],
            &[0x30, 7, 2, 2, 0, 0x7f, 2, 1, 2],
            // A length in a form that is longer than it need be, or of unknown length.
            &[0x30, 0x81, 7, 2, 2, 0, 0x80, 2, 1, 2],
            &[0x30, 0x80, 2, 1, 1, 2, 1, 2, 0, 0],
            // A third number.
            &[0x30, 9, 2, 1, 1, 2, 1, 2, 2, 1, 3],
        ] {
            assert_eq!(to_fixed_width(bad, 64), None, "{bad:x?}");
        }
        let too_wide = [&[0x30, 38, 2, 33][..], &[1; 33], &[2, 1, 1]].concat();
        assert_eq!(to_fixed_width(&too_wide, 64), None);
    }
}
