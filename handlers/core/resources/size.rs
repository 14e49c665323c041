//! How big a cluster is: what is recorded before it is reduced, so that it can be brought back.
use super::cluster::Cluster;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The power and the nodes of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Size {
    /// Whether it runs.
    pub running: bool,
    /// Its agent pools.
    pub pools: Vec<PoolSize>,
}

/// The nodes of an agent pool, and the bounds of its autoscaler, if it has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolSize {
    /// Its name.
    pub name: String,
    /// How many nodes.
    pub count: u64,
    /// The fewest and the most that the autoscaler may make of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaler: Option<(u64, u64)>,
}

impl Size {
    /// How big a cluster is now.
    #[must_use]
    pub fn of(cluster: &Cluster) -> Self {
        Self { running: !cluster.is_stopped(), pools: cluster.pools().map(PoolSize::of).collect() }
    }

    /// A cluster with its pools of this size.
    #[must_use]
    pub fn given_to(&self, cluster: &Value) -> Value {
        let mut cluster = cluster.clone();
        for pool in cluster["properties"]["agentPoolProfiles"].as_array_mut().into_iter().flatten() {
            if let Some(size) = self.pools.iter().find(|size| pool["name"] == size.name.as_str()) {
                size.write(pool);
            }
        }
        cluster
    }

    /// Whether the cluster has not all of its pools any more.
    #[must_use]
    pub fn lacks_pools(&self, cluster: &Cluster) -> bool {
        self.pools.iter().any(|wanted| !cluster.pools().any(|pool| pool["name"] == wanted.name.as_str()))
    }

    /// The first of its pools that this cluster has otherwise.
    #[must_use]
    pub fn differs(&self, cluster: &Cluster) -> Option<&PoolSize> {
        let now: Vec<_> = cluster.pools().map(PoolSize::of).collect();
        self.pools.iter().find(|wanted| now.iter().any(|now| now.name == wanted.name && !wanted.is_met_by(now)))
    }
}

impl PoolSize {
    fn of(pool: &Value) -> Self {
        let number = |name: &str| pool[name].as_u64();
        let bounds = number("minCount").zip(number("maxCount"));
        Self {
            name: pool["name"].as_str().unwrap_or_default().to_owned(),
            count: number("count").unwrap_or(0),
            autoscaler: bounds.filter(|_| pool["enableAutoScaling"] == true),
        }
    }

    /// Where an autoscaler rules, how many nodes there are is its business.
    fn is_met_by(&self, now: &Self) -> bool {
        self.autoscaler == now.autoscaler && (self.autoscaler.is_some() || self.count == now.count)
    }

    /// Writes it into the properties of an agent pool.
    pub fn write(&self, properties: &mut Value) {
        properties["count"] = self.count.into();
        properties["enableAutoScaling"] = self.autoscaler.is_some().into();
        for (bound, value) in
            [("minCount", self.autoscaler.map(|(min, _)| min)), ("maxCount", self.autoscaler.map(|(_, max)| max))]
        {
            match (value, properties.as_object_mut()) {
                (Some(value), Some(properties)) => drop(properties.insert(bound.into(), value.into())),
                (None, Some(properties)) => drop(properties.remove(bound)),
                (_, None) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_recorded_before_is_what_is_written_again() {
        let pools = json!([{"name": "fixed", "count": 3, "enableAutoScaling": false, "vmSize": "kept"},
            {"name": "scaled", "count": 4, "enableAutoScaling": true, "minCount": 2, "maxCount": 9}]);
        let before = Cluster(json!({"properties": {"powerState": {"code": "Running"}, "agentPoolProfiles": pools}}));
        let size = Size::of(&before);
        assert_eq!(size.differs(&before), None);
        let mut reduced = before.clone();
        for pool in reduced.0["properties"]["agentPoolProfiles"].as_array_mut().unwrap() {
            PoolSize { name: String::new(), count: 1, autoscaler: None }.write(pool);
        }
        let mut restored = reduced.clone();
        for at in 0..2 {
            assert_eq!(size.differs(&restored).map(|pool| &pool.name), Some(&size.pools[at].name));
            size.pools[at].write(&mut restored.0["properties"]["agentPoolProfiles"][at]);
        }
        assert_eq!(restored, before);
        restored.0["properties"]["agentPoolProfiles"][1]["count"] = 7.into();
        assert_eq!(size.differs(&restored), None, "the autoscaler may have its way");
    }
}
