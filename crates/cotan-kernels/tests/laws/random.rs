//! Random words against the definition, one counter at a time.

use cotan_kernels::Tensor;
use cotan_kernels::random::random_words;

/// Threefry-2x32 with 20 rounds, written after the paper's round function.
fn hash(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    let schedule = [key[0], key[1], 0x1bd1_1bda ^ key[0] ^ key[1]];
    let rotations = [13, 15, 26, 6, 17, 29, 16, 24];
    let mut x = [counter[0].wrapping_add(schedule[0]), counter[1].wrapping_add(schedule[1])];
    for round in 0..20 {
        x[0] = x[0].wrapping_add(x[1]);
        x[1] = x[1].rotate_left(rotations[round % 8]) ^ x[0];
        if round % 4 == 3 {
            let s = round / 4 + 1;
            x[0] = x[0].wrapping_add(schedule[s % 3]);
            x[1] = x[1].wrapping_add(schedule[(s + 1) % 3]).wrapping_add(s as u32);
        }
    }
    x
}

#[test]
fn the_hash_gives_the_published_vectors() {
    // From the known-answer tests of Random123, the authors' implementation.
    assert_eq!(hash([0, 0], [0, 0]), [0x6b20_0159, 0x99ba_4efe]);
    assert_eq!(hash([u32::MAX; 2], [u32::MAX; 2]), [0x1cb9_96fc, 0xbb00_2be7]);
    assert_eq!(hash([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3]), [0xc492_3a9c, 0x483d_f7a0]);
}

#[test]
fn words_are_the_hashes_of_paired_counters_for_every_count_and_key() {
    let keys = [0u32, 0, 256, 5, u32::MAX, 7];
    let tensor = Tensor::from_slice(&keys, &[3, 2]).unwrap();
    for count in (0..300).chain([1023, 1024, 5001, 70_001]) {
        let got = random_words(&tensor, count).unwrap();
        assert_eq!(got.shape(), [3, count]);
        let got = got.to_vec::<u32>();
        let (half, odd) = (count / 2, count % 2);
        for (row, key) in keys.chunks(2).enumerate() {
            let words = &got[row * count..(row + 1) * count];
            for i in 0..half {
                let pair = hash([key[0], key[1]], [i as u32, (half + odd + i) as u32]);
                assert_eq!([words[i], words[half + odd + i]], pair, "{count} {i}");
            }
            if odd == 1 {
                assert_eq!(words[half], hash([key[0], key[1]], [half as u32, 0])[0], "{count}");
            }
        }
    }
}

#[test]
fn keys_may_lie_anywhere() {
    let keys = Tensor::from_slice(&[0u32, 1, 2, 3], &[2, 2]).unwrap();
    let turned = random_words(&keys.permute(&[1, 0]), 5).unwrap().to_vec::<u32>();
    let plain = random_words(&Tensor::from_slice(&[0u32, 2, 1, 3], &[2, 2]).unwrap(), 5).unwrap().to_vec::<u32>();
    assert_eq!(turned, plain);
    assert_eq!(random_words(&Tensor::from_slice::<u32>(&[], &[0, 2]).unwrap(), 5).unwrap().shape(), [0, 5]);
}
