//! What is known of the worths before any ranking.

/// A prior of independent items. Values and derivatives leave constants out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Prior {
    /// Nothing: log-worths have mean 0.
    Flat,
    /// Each worth has a Gamma distribution of shape `alpha + 1` and rate `alpha`; worths have mean 1.
    Gamma(f64),
    /// Each log-worth has a normal distribution of mean 0 and variance `1 / (2 alpha)`.
    Normal(f64),
}

impl Prior {
    pub fn gamma(self) -> f64 {
        if let Self::Gamma(alpha) = self { alpha } else { 0.0 }
    }

    pub fn value(self, theta: &[f64]) -> f64 {
        match self {
            Self::Flat => 0.0,
            Self::Gamma(alpha) => alpha * theta.iter().map(|theta| theta - theta.exp()).sum::<f64>(),
            Self::Normal(alpha) => -alpha * theta.iter().map(|theta| theta * theta).sum::<f64>(),
        }
    }

    /// The first derivative by one log-worth, and minus the second.
    pub fn derivatives(self, theta: f64) -> (f64, f64) {
        match self {
            Self::Flat => (0.0, 0.0),
            Self::Gamma(alpha) => (alpha * (1.0 - theta.exp()), alpha * theta.exp()),
            Self::Normal(alpha) => (-2.0 * alpha * theta, 2.0 * alpha),
        }
    }

    /// Adds the constant that the likelihood does not tell, but the prior does.
    pub fn normalise(self, theta: &mut [f64]) {
        let shift = match self {
            Self::Flat | Self::Normal(_) => theta.iter().sum::<f64>() / theta.len() as f64,
            Self::Gamma(_) => {
                let highest = theta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = theta.iter().map(|theta| (theta - highest).exp()).sum();
                highest + (sum / theta.len() as f64).ln()
            }
        };
        for theta in theta {
            *theta -= shift;
        }
    }
}
