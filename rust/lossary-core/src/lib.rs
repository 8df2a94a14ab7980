//! Exact evaluation metrics on slices: slices in, values out, nothing rounded before the last step.
//!
//! | module | what it computes |
//! |---|---|
//! | [`all_pairs`] | losses over all pairs of a positive and a negative, and their gradients |
//! | [`assignment`] | the cheapest way to give rows of a matrix columns of their own |
//! | [`bit_allocation`] | whole bits for parts of a model, given where they gain most |
//! | [`capped_simplex`] | the weights within bounds and of a given sum that are nearest to values |
//! | [`entropy_coupling`] | distributions tied to a joint one of little entropy |
//! | [`auc`] | area under the ROC curve, as the integers wins, ties, positives and negatives |
//! | [`grouped_auc`] | area under the ROC curve within each group |
//! | [`curves`] | counts at every threshold (ROC and precision-recall points), average precision |
//! | [`columns`] | areas and average precisions of every column of a matrix |
//! | [`confusion`] | confusion matrices and per-class tallies |
//! | [`thresholds`] | the best threshold for a criterion, without a sort |
//! | [`operating_points`] | true accept rate at a false accept rate, equal error rate |
//! | [`partial_area`] | area under the ROC curve inside a range of rates |
//! | [`crps`] | scores of forecasts that are ensembles: CRPS and energy score, and their gradients |
//! | [`criteria`] | what a threshold can be best for: accuracy, F-beta, Matthews, Youden, cost and others |
//! | [`thinning`] | a curve with fewer points, and the largest error that makes |
//! | [`delong`] | variance of the area under the ROC curve |
//! | [`persistence`] | components, loops and cavities of images: persistence pairs, Betti matching, Betti numbers |
//! | [`placements`] | covariance of several areas on the same labels |
//! | [`plackett_luce`] | likelihood of rankings, and fits of the worths of their items |
//! | [`brier`] | squared error of probabilities, binary and multi-class |
//! | [`calibration`] | how often events of each bin of probabilities happened |
//! | [`retrieval`] | precision, recall, MAP, reciprocal rank and NDCG of the queries of a ranking |
//! | [`resampling`] | draws of rows with replacement, and the bootstrap of a mean |
//! | [`bootstrap`] | metrics of rankings on resamples |
//! | [`roc_functionals`] | equal error rate, true accept rate, partial area, best accuracy for the bootstrap |
//! | [`functionals`] | metrics of rankings as functions of tie groups |
//! | [`label_ranking`] | how rows of scores rank their relevant labels |
//! | [`one_vs_one`] | areas of every pair of classes |
//! | [`top_k`] | whether the true class is among the highest scores |
//! | [`contingency`] | how two labellings of the same samples meet |
//! | [`isotonic`] | the nearest function that never falls, by pooling adjacent violators |
//! | [`kendall`], [`weighted_kendall`] | rank correlation by pairs in order, and its test |
//! | [`mann_whitney`] | the U test of positives against negatives |
//! | [`mutual_information`] | agreement of two clusterings, normalised or adjusted for chance |
//! | [`order`], [`rank_pairs`] | scores, and pairs of scores, sorted once |
//! | [`significance`], [`special`] | alternatives of tests, and tail probabilities |
//! | [`skeleton`] | centre lines of masks, by thinning in the plane and in space |
//! | [`box_iou`], [`soft_nms`] | overlap of boxes, and which of many detections to keep |
//! | [`softmax`] | softmax, log-sum-exp and cross-entropy of rows of logits |
//! | [`spearman`] | correlation of mid-ranks, and its test |
//! | [`ssim`] | structural similarity of images and volumes, at one scale and at several |
//! | [`labels`] | two-valued labels of any numeric type to classes |
//! | [`keys`] | order-preserving integer keys of numbers |
//! | [`random`] | reproducible random numbers |
//! | [`ranks`] | the order of scores, and mid-ranks as exact integers |
//! | [`row_order`] | the columns of each row of a matrix by falling score |
//! | [`states`] | rankings and confusion matrices built batch by batch, which merge in any order |
//! | [`strings`] | strings to small integers, one for each distinct string |
//! | [`threads`] | how many threads the kernels use |
//!
//! ```
//! use lossary_core::{auc, curves};
//!
//! let scores = [0.1_f32, 0.4, 0.35, 0.8];
//! let labels = [0, 0, 1, 1];
//! let counts = auc::roc_auc(&scores, &labels)?;
//! assert_eq!((counts.twice_wins, counts.positives, counts.negatives), (6, 2, 2));
//! assert_eq!(counts.value(), Some(0.75));
//! assert_eq!(curves::average_precision(&scores, &labels)?, Some(0.8333333333333333)); // (1 + 2/3) / 2
//! # Ok::<(), lossary_core::ranking::RankingError>(())
//! ```
//!
//! # Guarantees
//! - **Exact.** Counts are integers of 64 and 128 bits. Weighted sums carry about 106 bits, in an order that
//!   depends on the values alone; sums of the weights of tied scores are integers where they fit.
//! - **Same bits for any number of threads.** Work is cut by the data.
//! - **No panics.** Bad input is an error that names the position. Unsafe code is one module of 250 lines,
//!   `platform`, for large pages and wide registers; the compiler refuses it elsewhere.
//! - **Any numbers.** `f32`, `f64` and integers up to 64 bits are ranked as they are, infinities included;
//!   negative zero ties with zero.

#![deny(unsafe_code)]

pub mod all_pairs;
pub mod assignment;
pub mod auc;
mod bins;
pub mod bit_allocation;
pub mod bootstrap;
pub mod box_iou;
pub mod brier;
pub mod calibration;
pub mod capped_simplex;
pub mod columns;
pub mod confusion;
pub mod contingency;
pub mod criteria;
pub mod crps;
pub mod curves;
pub mod delong;
mod double_double;
pub mod entropy_coupling;
mod few;
pub mod functionals;
mod grid;
pub mod grouped_auc;
mod inversions;
pub mod isotonic;
pub mod kendall;
pub mod keys;
pub mod label_ranking;
pub mod labels;
pub mod mann_whitney;
pub mod mutual_information;
mod network;
pub mod one_vs_one;
pub mod operating_points;
pub mod order;
mod overview;
pub mod partial_area;
mod partition;
pub mod persistence;
pub mod placements;
pub mod plackett_luce;
mod platform;
pub mod random;
pub mod rank_pairs;
pub mod ranking;
pub mod ranks;
pub mod resampling;
pub mod retrieval;
mod roc;
pub mod roc_functionals;
pub mod row_order;
mod rows;
mod scan;
mod search;
pub mod significance;
pub mod skeleton;
pub mod soft_nms;
pub mod softmax;
pub mod spearman;
pub mod special;
pub mod ssim;
pub mod states;
pub mod strings;
pub mod thinning;
pub mod threads;
pub mod thresholds;
mod tie_sums;
pub mod top_k;
mod weighted_area;
pub mod weighted_kendall;
mod weights;
