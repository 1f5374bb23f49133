//! Security tokens: a user id or a password under the key that both sides agreed on. CBC with
//! PKCS padding; each token starts from the same initialisation vector.

use aes::Aes256;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use des::Des;
use zeroize::Zeroizing;

use super::SecMecError;
use crate::wire::ddm::text::DdmText;

/// Encrypts and decrypts the tokens of one connection.
pub struct TokenCipher(TokenKind);

enum TokenKind {
    Des { key: Zeroizing<[u8; 8]>, iv: Zeroizing<[u8; 8]> },
    Aes { key: Zeroizing<[u8; 32]>, iv: Zeroizing<[u8; 16]> },
}

impl std::fmt::Debug for TokenCipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            TokenKind::Des { .. } => "TokenCipher(DES)",
            TokenKind::Aes { .. } => "TokenCipher(AES-256)",
        })
    }
}

impl TokenCipher {
    pub(super) fn des(key: Zeroizing<[u8; 8]>, iv: Zeroizing<[u8; 8]>) -> Self {
        TokenCipher(TokenKind::Des { key, iv })
    }

    pub(super) fn aes(key: Zeroizing<[u8; 32]>, iv: Zeroizing<[u8; 16]>) -> Self {
        TokenCipher(TokenKind::Aes { key, iv })
    }

    /// The same key for mechanism 7, where the user id travels in clear: under DES its bytes, cut
    /// or padded with zeros to eight, are the initialisation vector. AES keeps the server's.
    pub fn for_clear_user(self, user: &[u8]) -> Self {
        match self.0 {
            TokenKind::Des { key, .. } => {
                let mut iv = Zeroizing::new([0; 8]);
                for (slot, byte) in iv.iter_mut().zip(user) {
                    *slot = *byte;
                }
                TokenCipher(TokenKind::Des { key, iv })
            }
            aes => TokenCipher(aes),
        }
    }

    /// A token.
    pub fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        match &self.0 {
            TokenKind::Des { key, iv } => {
                cbc::Encryptor::<Des>::new((&**key).into(), (&**iv).into()).encrypt_padded_vec::<Pkcs7>(plain)
            }
            TokenKind::Aes { key, iv } => {
                cbc::Encryptor::<Aes256>::new((&**key).into(), (&**iv).into()).encrypt_padded_vec::<Pkcs7>(plain)
            }
        }
    }

    /// A user id or password as a token, in the encoding in force for DDM text: CCSID 500 until
    /// UTF-8 is agreed. `parameter` names it in an error.
    pub fn encrypt_text(&self, parameter: &'static str, plain: &str, text: DdmText) -> Result<Vec<u8>, SecMecError> {
        let bytes =
            text.encode(plain).map_err(|e| SecMecError::Text { at: e.character(), parameter, ccsid: text.ccsid() })?;
        Ok(self.encrypt(&Zeroizing::new(bytes)))
    }

    /// The contents of a token.
    pub fn decrypt(&self, token: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecMecError> {
        let plain = match &self.0 {
            TokenKind::Des { key, iv } => {
                cbc::Decryptor::<Des>::new((&**key).into(), (&**iv).into()).decrypt_padded_vec::<Pkcs7>(token)
            }
            TokenKind::Aes { key, iv } => {
                cbc::Decryptor::<Aes256>::new((&**key).into(), (&**iv).into()).decrypt_padded_vec::<Pkcs7>(token)
            }
        };
        plain.map(Zeroizing::new).map_err(|_| SecMecError::Token(token.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::agreement::{EncAlg, KeyPair, Side};
    use super::*;
    use crate::wire::ddm::param::hex;

    fn cipher(algorithm: EncAlg) -> TokenCipher {
        let random = |first: u8| -> Vec<u8> { (0..algorithm.key_len()).map(|i| first + i as u8).collect() };
        let server = KeyPair::new(algorithm, &random(0x81)).unwrap();
        KeyPair::new(algorithm, &random(0x01)).unwrap().agree(server.public(), Side::Requester).unwrap()
    }

    #[test]
    fn text_in_the_encoding_in_force() {
        // Computed apart from this crate, with the package `cryptography` of Python.
        let des = cipher(EncAlg::Des);
        let token = des.encrypt_text("PASSWORD", "Abc123!^[]x", DdmText::Ebcdic).unwrap();
        assert_eq!(token, hex("3b7009821acede925361115e69b49984"));
        let utf8 = des.encrypt_text("PASSWORD", "Abc123!^[]x", DdmText::Utf8).unwrap();
        assert_eq!(des.decrypt(&utf8).unwrap().as_slice(), b"Abc123!^[]x");
        assert_eq!(
            des.encrypt_text("PASSWORD", "ab日", DdmText::Ebcdic),
            Err(SecMecError::Text { at: 3, parameter: "PASSWORD", ccsid: 500 })
        );
    }

    #[test]
    fn a_clear_user_id_is_the_vector_under_des_only() {
        let user = DdmText::Ebcdic.encode("user1").unwrap();
        let des = cipher(EncAlg::Des).for_clear_user(&user);
        let token = des.encrypt_text("PASSWORD", "Abc123!^[]x", DdmText::Ebcdic).unwrap();
        assert_eq!(token, hex("d12eb4ba9d9de7937ae23d9f425d9bc0"));
        let aes = cipher(EncAlg::Aes).for_clear_user(&user);
        let token = aes.encrypt_text("PASSWORD", "Abc123!^[]x", DdmText::Ebcdic).unwrap();
        assert_eq!(token, hex("45c026defc8950ea276d9e8e99cf7a90"));
    }

    #[test]
    fn whole_blocks_grow_by_one_and_empty_text_is_one() {
        for (algorithm, block) in [(EncAlg::Des, 8), (EncAlg::Aes, 16)] {
            let cipher = cipher(algorithm);
            for len in 0..=3 * block {
                let plain = vec![0xA5; len];
                let token = cipher.encrypt(&plain);
                assert_eq!(token.len(), (len / block + 1) * block);
                assert_eq!(cipher.decrypt(&token).unwrap().as_slice(), plain);
            }
        }
    }

    #[test]
    fn damaged_tokens_are_errors() {
        for (algorithm, block) in [(EncAlg::Des, 8), (EncAlg::Aes, 16)] {
            let cipher = cipher(algorithm);
            let token = cipher.encrypt(&vec![0xA5; block]);
            for cut in 0..token.len() {
                assert_eq!(cipher.decrypt(&token[..cut]).unwrap_err(), SecMecError::Token(cut), "{algorithm:?}");
            }
            let mut other = token.clone();
            // A bit of the block before flips the same bit of the padding.
            other[block - 1] ^= 0x80;
            assert!(cipher.decrypt(&other).is_err());
        }
        assert_eq!(format!("{:?}", cipher(EncAlg::Aes)), "TokenCipher(AES-256)");
    }
}
