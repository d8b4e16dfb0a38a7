// Written by coefficients.py: change that, not this. Lowest order first; hexadecimal, exact in the format.
#pragma once
#include "codegen/common/Lanes.h"

namespace quern {

// e^r = 1 + r + r^2 P(r), relative error: f32 2^-28.7, f64 2^-63.9
inline constexpr double kExpTailF32[] = {
    0x1.00000ap-1, 0x1.555568p-3, 0x1.553a9ap-5, 0x1.1157b2p-7, 0x1.8df278p-10,
};
inline constexpr double kExpTailF64[] = {
    0x1p-1, 0x1.555555555554fp-3, 0x1.555555555553cp-5, 0x1.1111111113cedp-7, 0x1.6c16c16c0ee18p-10,
    0x1.a01a0186a1d1p-13, 0x1.a01a02cc5db83p-16, 0x1.71de9926f852cp-19, 0x1.27dd8ea0d792p-22, 0x1.ad9c328092885p-26,
    0x1.3a6c90155ffb3p-29,
};
inline constexpr PerFormat kExpTail{kExpTailF32, kExpTailF64};

// 2^r = 1 + r P(r), relative error: f32 2^-28.3, f64 2^-59.7
inline constexpr double kExp2TailF32[] = {
    0x1.62e43p-1, 0x1.ebfbdcp-3, 0x1.c6af7cp-5, 0x1.3b2dep-7, 0x1.5f083p-10, 0x1.416b6ap-13,
};
inline constexpr double kExp2TailF64[] = {
    0x1.62e42fefa39efp-1, 0x1.ebfbdff82c58ep-3, 0x1.c6b08d704a1d5p-5, 0x1.3b2ab6fba51ap-7, 0x1.5d87fe7873f88p-10,
    0x1.430912f756c15p-13, 0x1.ffcbfd4b506c2p-17, 0x1.62c02724cdb4fp-20, 0x1.b5232cfcce3f8p-24, 0x1.e4bbad53de2c4p-28,
    0x1.ec7a373b091cbp-32, 0x1.e0b30b6aa7cbfp-36,
};
inline constexpr PerFormat kExp2Tail{kExp2TailF32, kExp2TailF64};

// e^r - 1 = r + r^2 P(r), relative error: f32 2^-31.1, f64 2^-61.6
inline constexpr double kExpm1TailF32[] = {
    0x1p-1, 0x1.555554p-3, 0x1.5554f8p-5, 0x1.1112d6p-7, 0x1.6d3a5cp-10, 0x1.9e782ep-13,
};
inline constexpr double kExpm1TailF64[] = {
    0x1p-1, 0x1.5555555555559p-3, 0x1.5555555555558p-5, 0x1.111111110f713p-7, 0x1.6c16c16c174b5p-10,
    0x1.a01a01af9e849p-13, 0x1.a01a0199bb76p-16, 0x1.71ddf922994efp-19, 0x1.27e502c3de4aep-22, 0x1.af5d477697af8p-26,
    0x1.1f29d660d3bebp-29,
};
inline constexpr PerFormat kExpm1Tail{kExpm1TailF32, kExpm1TailF64};

// log(1 + f) = f + f^2 P(f), relative error: f32 2^-27.6, f64 2^-59.3
inline constexpr double kLog1pTailF32[] = {
    -0x1p-1, 0x1.5555a4p-2, -0x1.00004ap-2, 0x1.99699ep-3, -0x1.54ed96p-3, 0x1.28807cp-3, -0x1.0d98ep-3,
    0x1.acf404p-4, -0x1.71e1ep-5,
};
inline constexpr double kLog1pTailF64[] = {
    -0x1.fffffffffffffp-2, 0x1.5555555555543p-2, -0x1.00000000002b8p-2, 0x1.999999999d814p-3, -0x1.55555555184a9p-3,
    0x1.24924922247e7p-3, -0x1.000000110f4a5p-3, 0x1.c71c73457e99dp-4, -0x1.999995cc7c587p-4, 0x1.745cd73701c82p-4,
    -0x1.55554d35922dbp-4, 0x1.3b19909c7adeap-4, -0x1.249e3d8117817p-4, 0x1.10cec29d30909p-4, -0x1.fdd519d77c909p-5,
    0x1.e2b032db8095p-5, -0x1.d9d9355c299c1p-5, 0x1.d053d0f792951p-5, -0x1.82d1a31bc5de6p-5, 0x1.b26d8fa29e06dp-6,
    -0x1.cd5e30516f001p-8,
};
inline constexpr PerFormat kLog1pTail{kLog1pTailF32, kLog1pTailF64};

// atanh(q) = q + q^3 P(q^2), relative error: f32 2^-35.2, f64 2^-66.6
inline constexpr double kAtanhTailF32[] = {
    0x1.555554p-2, 0x1.999c26p-3, 0x1.23d3fp-3, 0x1.f13526p-4,
};
inline constexpr double kAtanhTailF64[] = {
    0x1.5555555555555p-2, 0x1.9999999999d13p-3, 0x1.24924924393b1p-3, 0x1.c71c724bd0491p-4, 0x1.745ce1a1da5f2p-4,
    0x1.3b202bf7bbec1p-4, 0x1.0f668cc2ca9e8p-4, 0x1.0f14ca9d8e86cp-4,
};
inline constexpr PerFormat kAtanhTail{kAtanhTailF32, kAtanhTailF64};

// sin(r) = r + r^3 P(r^2), relative error: f32 2^-32.5, f64 2^-63.2
inline constexpr double kSinTailF32[] = {
    -0x1.555556p-3, 0x1.11117p-7, -0x1.a053fap-13, 0x1.7a8ab2p-19,
};
inline constexpr double kSinTailF64[] = {
    -0x1.5555555555555p-3, 0x1.111111111106ep-7, -0x1.a01a019fffedcp-13, 0x1.71de3a367f74cp-19,
    -0x1.ae6430dd54584p-26, 0x1.610d14fd797abp-33, -0x1.a1d5b9eadd742p-41,
};
inline constexpr PerFormat kSinTail{kSinTailF32, kSinTailF64};

// cos(r) = 1 - r^2/2 + r^4 P(r^2), relative error: f32 2^-32.6, f64 2^-63.5
inline constexpr double kCosTailF32[] = {
    0x1.555548p-5, -0x1.6c0af4p-10, 0x1.999114p-16,
};
inline constexpr double kCosTailF64[] = {
    0x1.5555555555548p-5, -0x1.6c16c16c149a5p-10, 0x1.a01a019bef087p-16, -0x1.27e4f77e36951p-22,
    0x1.1ee98d8a30f9cp-29, -0x1.8f7e0d2b84b8ap-37,
};
inline constexpr PerFormat kCosTail{kCosTailF32, kCosTailF64};

// atan(a) = a + a^3 P(a^2), relative error: f32 2^-30.4, f64 2^-59.4
inline constexpr double kAtanTailF32[] = {
    -0x1.55554ap-2, 0x1.9991dep-3, -0x1.23b928p-3, 0x1.b21baap-4, -0x1.f2b434p-5,
};
inline constexpr double kAtanTailF64[] = {
    -0x1.555555555553cp-2, 0x1.999999999564ep-3, -0x1.24924922a06d8p-3, 0x1.c71c70e10d2b3p-4, -0x1.745cf84ccf9f1p-4,
    0x1.3b110f2290469p-4, -0x1.10eb46cfe31ddp-4, 0x1.df08d6bc163c6p-5, -0x1.9cb5a35d4b019p-5, 0x1.378bb517e448p-5,
    -0x1.24c88196a9ca1p-6,
};
inline constexpr PerFormat kAtanTail{kAtanTailF32, kAtanTailF64};

// asin(x) = x + x^3 P(x^2), relative error: f32 2^-27.6, f64 2^-59.8
inline constexpr double kAsinTailF32[] = {
    0x1.5555c8p-3, 0x1.330206p-4, 0x1.747b7ep-5, 0x1.8c3fbap-6, 0x1.595c76p-5,
};
inline constexpr double kAsinTailF64[] = {
    0x1.5555555555577p-3, 0x1.333333332e132p-4, 0x1.6db6db72125a8p-5, 0x1.f1c71a94f71e9p-6, 0x1.6e8bdedff0a86p-6,
    0x1.1c49f05f8d795p-6, 0x1.ca1f8d6c9f2a4p-7, 0x1.7585882ec8434p-7, 0x1.613c9bda00514p-7, 0x1.e5f4442e82659p-9,
    0x1.639ceea041677p-6, -0x1.57fe51ec45679p-6, 0x1.0b470d38e558bp-5,
};
inline constexpr PerFormat kAsinTail{kAsinTailF32, kAsinTailF64};

// erf(x) = x + x P(x^2), relative error: f32 2^-30.0, f64 2^-56.3
inline constexpr double kErfTailF32[] = {
    0x1.06eba8p-3, -0x1.81274p-2, 0x1.ce2d64p-4, -0x1.b8011ap-6, 0x1.544a1ap-8, -0x1.a60a32p-11, 0x1.4f6784p-14,
};
inline constexpr double kErfTailF64[] = {
    0x1.06eba8214db69p-3, -0x1.812746b037a2bp-2, 0x1.ce2f21a046579p-4, -0x1.b82ce313bdf37p-6, 0x1.565bcd449e7a7p-8,
    -0x1.c02dbf57f2a62p-11, 0x1.f9a4adc60e897p-14, -0x1.f4f5a711c2aa1p-17, 0x1.bc15c87eaa19fp-20,
    -0x1.7736add30e2c8p-23, 0x1.ad00fbb5254c5p-26, -0x1.f27e32d78d563p-28, 0x1.2aba1c3c1841cp-29,
    -0x1.637fe057e0dcap-32,
};
inline constexpr PerFormat kErfTail{kErfTailF32, kErfTailF64};

// erfc(x) = 2^(x P(x) - 2 x), absolute error of erf: f32 2^-29.9
inline constexpr double kErfcExponentF32[] = {
    0x1.7c9eb4p-2, -0x1.d52644p-1, -0x1.39f804p-3, 0x1.191b6p-5, -0x1.5973cep-8, 0x1.ec9efep-12, -0x1.16ddfap-16,
};

// erfc(x) = e^(-x^2) P((x - 2) / (x + 2)), relative error: f64 2^-55.7
inline constexpr double kErfcScaledF64[] = {
    0x1.058671b52c776p-2, -0x1.b57034efd3f72p-2, 0x1.eeea7dc8a784fp-3, -0x1.437f0b68c0b18p-4, 0x1.e94715984d933p-9,
    0x1.ca95ed5214e68p-8, -0x1.bc25a4ee4c96bp-11, -0x1.016b5bcb84a61p-10, 0x1.6d5f790dfdfeep-15,
    0x1.6da8931bd68c3p-13, 0x1.cdc73398e48a8p-16, -0x1.ce601e6e19385p-16, -0x1.d5239ad39539p-17,
    0x1.56bab4a28295ep-20, 0x1.0b7194d63ba65p-18, 0x1.6e94693a3e631p-20, -0x1.4050b9d876363p-20,
};

inline constexpr double kLn2PartsF32[] = {
    0x1.62e4p-1, 0x1.7f7d1cp-20,
};
inline constexpr double kLn2PartsF64[] = {
    0x1.62e42fefa38p-1, 0x1.ef35793c7673p-45,
};
inline constexpr PerFormat kLn2Parts{kLn2PartsF32, kLn2PartsF64};

inline constexpr double kLog2ePartsF32[] = {
    0x1.715476p+0, 0x1.4ae0cp-26,
};
inline constexpr double kLog2ePartsF64[] = {
    0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56,
};
inline constexpr PerFormat kLog2eParts{kLog2ePartsF32, kLog2ePartsF64};

inline constexpr double kLn2F32[] = {
    0x1.62e43p-1, -0x1.05c61p-29,
};
inline constexpr double kLn2F64[] = {
    0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56,
};
inline constexpr PerFormat kLn2{kLn2F32, kLn2F64};

inline constexpr double kPiHalfPartsF32[] = {
    0x1.921fb6p+0, -0x1.777a5cp-25, -0x1.ee59dap-50,
};
inline constexpr double kPiHalfPartsF64[] = {
    0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110,
};
inline constexpr PerFormat kPiHalfParts{kPiHalfPartsF32, kPiHalfPartsF64};

inline constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;

// The bits of 2 / pi after the binary point, 32 a word, after one word of zeros.
inline constexpr uint32_t kTwoOverPiWords[] = {
    0x00000000, 0xA2F9836E, 0x4E441529, 0xFC2757D1, 0xF534DDC0, 0xDB629599, 0x3C439041, 0xFE5163AB,
    0xDEBBC561, 0xB7246E3A, 0x424DD2E0, 0x06492EEA, 0x09D1921C, 0xFE1DEB1C, 0xB129A73E, 0xE88235F5,
    0x2EBB4484, 0xE99C7026, 0xB45F7E41, 0x3991D639, 0x835339F4, 0x9C845F8B, 0xBDF9283B, 0x1FF897FF,
    0xDE05980F, 0xEF2F118B, 0x5A0A6D1F, 0x6D367ECF, 0x27CB09B7, 0x4F463F66, 0x9E5FEA2D, 0x7527BAC7,
    0xEBE5F17B, 0x3D0739F7, 0x8A5292EA, 0x6BFB5FB1, 0x1F8D5D08, 0x56033046, 0xFC7B6BAB, 0xF0CFBC20,
    0x9AF4361D,
};

} // namespace quern
