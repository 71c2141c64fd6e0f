//! Every path against a plain loop.

use proptest::prelude::*;
use smallvec::smallvec;

use super::*;

/// The definition, element by element, in double precision.
fn plain(x: &[f64], w: &[f64], xs: &[usize], ws: &[usize], window: &Window, space: &[usize]) -> Vec<f64> {
    let (axes, groups) = (space.len(), window.groups);
    let (c, o, cg) = (xs[axes + 1], ws[0], ws[axes + 1]);
    let index = |mut flat: usize, sizes: &[usize]| -> Vec<usize> {
        let mut at = vec![0; sizes.len()];
        for i in (0..sizes.len()).rev() {
            at[i] = flat % sizes[i];
            flat /= sizes[i];
        }
        at
    };
    let (places, taps) = (layout::len(space), layout::len(&ws[1..=axes]));
    let mut out = Vec::new();
    for n in 0..xs[0] {
        for place in 0..places {
            for oc in 0..o {
                let mut sum = 0.0;
                for tap in 0..taps {
                    let (at, k) = (index(place, space), index(tap, &ws[1..=axes]));
                    let mut flat = Some(n);
                    for i in 0..axes {
                        let tap = if window.flip { ws[i + 1] - 1 - k[i] } else { k[i] };
                        let position =
                            (at[i] * window.stride[i] + tap * window.kernel_dilation[i]) as isize - window.low[i];
                        let gap = window.input_dilation[i] as isize;
                        let inside = position >= 0 && position % gap == 0 && position / gap < xs[i + 1] as isize;
                        flat = flat.filter(|_| inside).map(|flat| flat * xs[i + 1] + (position / gap) as usize);
                    }
                    let Some(flat) = flat else { continue };
                    for channel in 0..cg {
                        let from = flat * c + oc / (o / groups) * cg + channel;
                        sum += x[from] * w[(oc * taps + tap) * cg + channel];
                    }
                }
                out.push(sum);
            }
        }
    }
    out
}

fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * 37 + 11) % 23) as f64 - 11.0).collect()
}

#[derive(Clone, Debug)]
struct Case {
    input: Vec<usize>,
    kernel: Vec<usize>,
    window: Window,
    space: Vec<usize>,
}

/// Size, taps, stride, both dilations, padding and channels of one axis.
type AxisCase = (usize, usize, usize, usize, usize, isize, usize);

fn case() -> impl Strategy<Value = Case> {
    let axis = (0usize..7, 1usize..5, 1usize..4, 1usize..4, 1usize..5, -3isize..4, 1usize..6);
    let axes = prop::collection::vec(axis, 1..4);
    (axes, 0usize..3, 1usize..4, 0usize..4, 0usize..4, any::<bool>()).prop_map(
        |(axes, batch, groups, channels, outputs, flip)| {
            let pick = |f: &dyn Fn(&AxisCase) -> usize| axes.iter().map(f).collect::<Vec<_>>();
            let around = |first: usize, middle: Vec<usize>, last: usize| [vec![first], middle, vec![last]].concat();
            Case {
                input: around(batch, pick(&|axis| axis.0), channels * groups),
                kernel: around(outputs * groups, pick(&|axis| axis.1), channels),
                space: pick(&|axis| axis.6),
                window: Window {
                    stride: pick(&|axis| axis.2).into(),
                    kernel_dilation: pick(&|axis| axis.3).into(),
                    input_dilation: pick(&|axis| axis.4).into(),
                    low: axes.iter().map(|axis| axis.5).collect(),
                    groups,
                    flip,
                },
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn every_window_and_type_agrees_with_the_plain_loop(case in case(), channels_first in any::<bool>()) {
        let Case { input, kernel, window, space } = case;
        let (x, w) = (numbers(layout::len(&input)), numbers(layout::len(&kernel)));
        let want = plain(&x, &w, &input, &kernel, &window, &space);
        let mut x64 = Tensor::from_slice(&x, &input).unwrap();
        if channels_first {
            // The same elements in another order in memory.
            let order: Vec<usize> = (0..input.len()).rev().collect();
            x64 = x64.permute(&order).copy().unwrap().permute(&order);
        }
        let w64 = Tensor::from_slice(&w, &kernel).unwrap();
        prop_assert_eq!(convolve(&x64, &w64, &window, &space).unwrap().to_vec::<f64>(), want.clone());
        let single = |values: &[f64], shape: &[usize]| {
            Tensor::from_slice(&values.iter().map(|&v| v as f32).collect::<Vec<_>>(), shape).unwrap()
        };
        let got = convolve(&single(&x, &input), &single(&w, &kernel), &window, &space).unwrap();
        prop_assert_eq!(got.to_vec::<f32>(), want.iter().map(|&v| v as f32).collect::<Vec<_>>());
        let complex = |values: &[f64], shape: &[usize]| {
            Tensor::from_slice(&values.iter().map(|&v| Complex32::new(0.0, v as f32)).collect::<Vec<_>>(), shape).unwrap()
        };
        let got = convolve(&complex(&x, &input), &complex(&w, &kernel), &window, &space).unwrap();
        let got: Vec<f64> = got.to_vec::<Complex32>().iter().map(|z| f64::from(-z.re)).collect();
        prop_assert_eq!(got, want);
    }
}

#[test]
fn large_convolutions_are_cut_into_tiles_that_agree_with_the_plain_loop() {
    for (input, kernel, groups) in [
        (vec![2, 40, 40, 40], vec![8, 3, 3, 40], 1),
        (vec![1, 30, 200], vec![6, 21, 200], 1),
        (vec![1, 5, 5, 130], vec![130, 3, 3, 1], 130),
        (vec![1, 3000, 2], vec![3, 2900, 2], 1),
        (vec![2, 40, 40, 32], vec![8, 3, 3, 8], 4),
        (vec![2, 300, 1], vec![1, 41, 1], 1),
        (vec![1, 20, 100, 1], vec![1, 5, 7, 1], 1),
        (vec![2, 9, 90, 5], vec![5, 3, 3, 1], 5),
    ] {
        let axes = input.len() - 2;
        let window = Window {
            stride: smallvec![1; axes],
            low: smallvec![1; axes],
            kernel_dilation: smallvec![1; axes],
            input_dilation: smallvec![1; axes],
            groups,
            flip: false,
        };
        let space: Vec<usize> = (1..=axes).map(|i| input[i] + 3 - kernel[i]).collect();
        let (x, w) = (numbers(layout::len(&input)), numbers(layout::len(&kernel)));
        let want = plain(&x, &w, &input, &kernel, &window, &space);
        let (x, w) = (Tensor::from_slice(&x, &input).unwrap(), Tensor::from_slice(&w, &kernel).unwrap());
        assert_eq!(convolve(&x, &w, &window, &space).unwrap().to_vec::<f64>(), want, "{input:?} {kernel:?}");
    }
}
