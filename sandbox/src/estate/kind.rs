//! The resource types of the estate.

/// One resource type that the estate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Kind {
    Instance,
    Volume,
    Vpc,
    Subnet,
    SecurityGroup,
    NetworkInterface,
    InternetGateway,
    RouteTable,
    Bucket,
    DbInstance,
    Function,
    Role,
    User,
    Policy,
    Table,
    Queue,
    Topic,
    Key,
    Cluster,
    Service,
    TaskDefinition,
    LoadBalancer,
    Alarm,
    Secret,
    Stack,
    Repository,
    UserPool,
    ThingGroup,
    OnBoardComputer,
}

/// How many resource types there are.
pub(crate) const KIND_COUNT: usize = Kind::ALL.len();

impl Kind {
    /// Every type, in the order in which rows are served.
    pub(crate) const ALL: [Self; 29] = [
        Self::Instance,
        Self::Volume,
        Self::Vpc,
        Self::Subnet,
        Self::SecurityGroup,
        Self::NetworkInterface,
        Self::InternetGateway,
        Self::RouteTable,
        Self::Bucket,
        Self::DbInstance,
        Self::Function,
        Self::Role,
        Self::User,
        Self::Policy,
        Self::Table,
        Self::Queue,
        Self::Topic,
        Self::Key,
        Self::Cluster,
        Self::Service,
        Self::TaskDefinition,
        Self::LoadBalancer,
        Self::Alarm,
        Self::Secret,
        Self::Stack,
        Self::Repository,
        Self::UserPool,
        Self::ThingGroup,
        Self::OnBoardComputer,
    ];

    /// The type's name in AWS Config.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Instance => "AWS::EC2::Instance",
            Self::Volume => "AWS::EC2::Volume",
            Self::Vpc => "AWS::EC2::VPC",
            Self::Subnet => "AWS::EC2::Subnet",
            Self::SecurityGroup => "AWS::EC2::SecurityGroup",
            Self::NetworkInterface => "AWS::EC2::NetworkInterface",
            Self::InternetGateway => "AWS::EC2::InternetGateway",
            Self::RouteTable => "AWS::EC2::RouteTable",
            Self::Bucket => "AWS::S3::Bucket",
            Self::DbInstance => "AWS::RDS::DBInstance",
            Self::Function => "AWS::Lambda::Function",
            Self::Role => "AWS::IAM::Role",
            Self::User => "AWS::IAM::User",
            Self::Policy => "AWS::IAM::Policy",
            Self::Table => "AWS::DynamoDB::Table",
            Self::Queue => "AWS::SQS::Queue",
            Self::Topic => "AWS::SNS::Topic",
            Self::Key => "AWS::KMS::Key",
            Self::Cluster => "AWS::ECS::Cluster",
            Self::Service => "AWS::ECS::Service",
            Self::TaskDefinition => "AWS::ECS::TaskDefinition",
            Self::LoadBalancer => "AWS::ElasticLoadBalancingV2::LoadBalancer",
            Self::Alarm => "AWS::CloudWatch::Alarm",
            Self::Secret => "AWS::SecretsManager::Secret",
            Self::Stack => "AWS::CloudFormation::Stack",
            Self::Repository => "AWS::ECR::Repository",
            Self::UserPool => "AWS::Cognito::UserPool",
            Self::ThingGroup => "AWS::IoT::ThingGroup",
            // A private type, as a transport company would register one for its vehicles.
            Self::OnBoardComputer => "Regiobus::Fahrzeug::Bordrechner",
        }
    }

    /// The type with this AWS Config name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// How many of a thousand or so resources are of this type.
    pub(crate) const fn weight(self) -> u64 {
        match self {
            Self::Instance | Self::Volume => 130,
            Self::NetworkInterface => 120,
            Self::SecurityGroup | Self::Function | Self::Role => 70,
            Self::Alarm | Self::Bucket => 50,
            Self::Subnet => 40,
            Self::Policy | Self::TaskDefinition | Self::Stack => 30,
            Self::Table | Self::Queue | Self::Topic | Self::Key | Self::Secret | Self::RouteTable => 25,
            Self::Service | Self::DbInstance | Self::Repository => 20,
            Self::User | Self::Vpc | Self::LoadBalancer | Self::OnBoardComputer => 12,
            Self::UserPool | Self::ThingGroup => 10,
            Self::InternetGateway | Self::Cluster => 8,
        }
    }

    /// Whether nobody keeps such resources in a register: they come and go with something else.
    pub(crate) const fn inventoried_only(self) -> bool {
        matches!(
            self,
            Self::NetworkInterface
                | Self::TaskDefinition
                | Self::RouteTable
                | Self::Subnet
                | Self::InternetGateway
                | Self::SecurityGroup
        )
    }

    /// Whether advanced queries serve the type. AWS Config counts and lists some that they do not: new types lag
    /// by months, and these two have no published query schema.
    pub(crate) const fn served_by_select(self) -> bool {
        !matches!(self, Self::UserPool | Self::ThingGroup)
    }

    /// Whether the resource belongs to the account and to no region.
    pub(crate) const fn global(self) -> bool {
        matches!(self, Self::Role | Self::User | Self::Policy)
    }

    /// Whether AWS Config gives its tags as one object rather than a list.
    pub(crate) const fn tags_as_object(self) -> bool {
        matches!(self, Self::Function | Self::Queue | Self::Cluster | Self::Service | Self::TaskDefinition)
    }

    /// Whether the name lies in a `Name` tag and not in `resourceName`.
    pub(crate) const fn named_by_tag(self) -> bool {
        matches!(
            self,
            Self::Instance
                | Self::Volume
                | Self::Vpc
                | Self::Subnet
                | Self::NetworkInterface
                | Self::InternetGateway
                | Self::RouteTable
        )
    }

    /// Words that names of this type are made of.
    pub(crate) const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Instance | Self::Volume => &["fahrplan-web", "leitstelle-app", "its-gateway", "bi-worker"],
            Self::Vpc | Self::Subnet | Self::InternetGateway | Self::RouteTable => {
                &["netz-fahrgast", "netz-betrieb"]
            }
            Self::SecurityGroup | Self::NetworkInterface => &["web", "db", "leitstelle"],
            Self::Bucket => &["fahrplan-archiv", "fahrgastzahlen", "rechnungen", "video-depot"],
            Self::DbInstance | Self::Table => &["tickets", "umlaufplan", "abo-kunden", "haltestellen"],
            Self::Function => &["ankunft-melden", "ticket-pruefen", "gtfs-export", "stoerung-senden"],
            Self::Role | Self::Policy => &["fahrplan-lesen", "depot-schreiben", "ci-ausliefern"],
            Self::User => &["dienst-leitstelle", "dienst-kasse"],
            Self::Queue | Self::Topic => &["fahrzeugpositionen", "stoerungen", "buchungen"],
            Self::Key | Self::Secret => &["kasse", "abo", "bordrechner"],
            Self::Cluster | Self::Service | Self::TaskDefinition => &["auskunft", "disposition", "kasse"],
            Self::LoadBalancer => &["auskunft-extern", "leitstelle-intern"],
            Self::Alarm => &["cpu-hoch", "queue-alt", "fehlerquote"],
            Self::Stack => &["grundlage", "auskunft", "ticketing"],
            Self::Repository => &["auskunft", "gtfs-export", "disposition"],
            Self::UserPool => &["fahrgaeste", "personal"],
            Self::ThingGroup => &["busse-nord", "strassenbahnen", "anzeiger"],
            Self::OnBoardComputer => &["bus", "tram"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_its_name_and_its_index() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind.index(), index);
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
    }
}
