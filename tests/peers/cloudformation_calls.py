"""What CloudFormation calls with the role of a stack, by type of resource: to make, read, change and delete one.

The source is `handlers.*.permissions` and `tagging.permissions` in AWS's schema of each type (CloudFormation's registry,
`aws cloudformation describe-type`), looked at in 2026. Left out is what those lists have for properties that service.yml
does not use, such as a function's VPC, a bucket's replication or provisioned concurrency. A stack's own tags go to
everything that can be tagged, so that tagging is part of making.
"""

CALLS = {
    "AWS::CloudWatch::Alarm": """
        cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource cloudwatch:PutMetricAlarm
        cloudwatch:TagResource cloudwatch:UntagResource""",
    "AWS::CloudWatch::Dashboard": """
        cloudwatch:DeleteDashboards cloudwatch:GetDashboard cloudwatch:ListTagsForResource cloudwatch:PutDashboard
        cloudwatch:TagResource cloudwatch:UntagResource""",
    "AWS::CodeDeploy::Application": """
        codedeploy:CreateApplication codedeploy:DeleteApplication codedeploy:GetApplication
        codedeploy:ListTagsForResource codedeploy:TagResource codedeploy:UntagResource""",
    "AWS::CodeDeploy::DeploymentGroup": """
        codedeploy:CreateDeployment codedeploy:CreateDeploymentGroup codedeploy:DeleteDeploymentGroup
        codedeploy:GetDeployment codedeploy:GetDeploymentGroup codedeploy:ListDeployments codedeploy:ListTagsForResource
        codedeploy:StopDeployment codedeploy:TagResource codedeploy:UntagResource codedeploy:UpdateDeploymentGroup""",
    "AWS::EC2::SecurityGroup": """
        ec2:AuthorizeSecurityGroupEgress ec2:AuthorizeSecurityGroupIngress ec2:CreateSecurityGroup ec2:CreateTags
        ec2:DeleteSecurityGroup ec2:DeleteTags ec2:DescribeInstances ec2:DescribeSecurityGroups
        ec2:RevokeSecurityGroupEgress ec2:RevokeSecurityGroupIngress ec2:UpdateSecurityGroupRuleDescriptionsEgress
        ec2:UpdateSecurityGroupRuleDescriptionsIngress""",
    "AWS::EC2::SecurityGroupEgress": """
        ec2:AuthorizeSecurityGroupEgress ec2:DescribeSecurityGroupRules ec2:RevokeSecurityGroupEgress
        ec2:UpdateSecurityGroupRuleDescriptionsEgress""",
    "AWS::EC2::SecurityGroupIngress": """
        ec2:AuthorizeSecurityGroupIngress ec2:DescribeSecurityGroupRules ec2:DescribeSecurityGroups
        ec2:RevokeSecurityGroupIngress ec2:UpdateSecurityGroupRuleDescriptionsIngress""",
    "AWS::ECS::Cluster": """
        ecs:CreateCluster ecs:DeleteCluster ecs:DescribeClusters ecs:ListTagsForResource ecs:PutClusterCapacityProviders
        ecs:TagResource ecs:UntagResource ecs:UpdateCluster ecs:UpdateClusterSettings""",
    "AWS::ECS::TaskDefinition": """
        ecs:DeregisterTaskDefinition ecs:DescribeTaskDefinition ecs:ListTagsForResource ecs:RegisterTaskDefinition
        ecs:TagResource ecs:UntagResource""",
    "AWS::Events::Rule": """
        events:DeleteRule events:DescribeRule events:ListTagsForResource events:ListTargetsByRule events:PutRule
        events:PutTargets events:RemoveTargets events:TagResource events:UntagResource""",
    "AWS::IAM::Role": """
        iam:CreateRole iam:DeleteRole iam:DeleteRolePolicy iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies
        iam:ListRolePolicies iam:ListRoleTags iam:PutRolePermissionsBoundary iam:PutRolePolicy iam:TagRole iam:UntagRole
        iam:UpdateAssumeRolePolicy iam:UpdateRole iam:UpdateRoleDescription""",
    "AWS::Lambda::Alias": """
        lambda:CreateAlias lambda:DeleteAlias lambda:GetAlias lambda:GetProvisionedConcurrencyConfig lambda:UpdateAlias""",
    "AWS::Lambda::EventInvokeConfig": """
        lambda:DeleteFunctionEventInvokeConfig lambda:GetFunctionEventInvokeConfig lambda:PutFunctionEventInvokeConfig
        lambda:UpdateFunctionEventInvokeConfig""",
    "AWS::Lambda::Function": """
        lambda:CreateFunction lambda:DeleteFunction lambda:GetFunction lambda:GetFunctionCodeSigningConfig
        lambda:GetFunctionRecursionConfig lambda:GetRuntimeManagementConfig lambda:ListTags lambda:TagResource
        lambda:UntagResource lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration""",
    "AWS::Lambda::Permission": "lambda:AddPermission lambda:GetPolicy lambda:RemovePermission",
    "AWS::Lambda::Version": """
        lambda:DeleteFunction lambda:GetFunctionConfiguration lambda:GetProvisionedConcurrencyConfig
        lambda:GetRuntimeManagementConfig lambda:ListVersionsByFunction lambda:PublishVersion""",
    "AWS::Logs::LogGroup": """
        logs:AssociateKmsKey logs:CreateLogGroup logs:DeleteLogGroup logs:DeleteRetentionPolicy logs:DescribeIndexPolicies
        logs:DescribeLogGroups logs:DescribeResourcePolicies logs:DisassociateKmsKey logs:GetDataProtectionPolicy
        logs:ListTagsForResource logs:PutRetentionPolicy logs:TagResource logs:UntagResource""",
    "AWS::S3::Bucket": """
        s3:CreateBucket s3:DeleteBucket s3:GetAccelerateConfiguration s3:GetAnalyticsConfiguration s3:GetBucketCORS
        s3:GetBucketLogging s3:GetBucketNotification s3:GetBucketObjectLockConfiguration s3:GetBucketOwnershipControls
        s3:GetBucketPublicAccessBlock s3:GetBucketTagging s3:GetBucketVersioning s3:GetBucketWebsite
        s3:GetEncryptionConfiguration s3:GetIntelligentTieringConfiguration s3:GetInventoryConfiguration
        s3:GetLifecycleConfiguration s3:GetMetricsConfiguration s3:GetReplicationConfiguration s3:ListBucket
        s3:ListTagsForResource s3:PutBucketObjectLockConfiguration s3:PutBucketOwnershipControls
        s3:PutBucketPublicAccessBlock s3:PutBucketTagging s3:PutBucketVersioning s3:PutEncryptionConfiguration
        s3:PutLifecycleConfiguration s3:TagResource s3:UntagResource""",
    "AWS::S3::BucketPolicy": "s3:DeleteBucketPolicy s3:GetBucketPolicy s3:PutBucketPolicy",
    "AWS::SNS::Subscription": "sns:GetSubscriptionAttributes sns:Subscribe sns:Unsubscribe",
    "AWS::SNS::Topic": """
        sns:CreateTopic sns:DeleteTopic sns:GetDataProtectionPolicy sns:GetTopicAttributes sns:ListSubscriptionsByTopic
        sns:ListTagsForResource sns:SetTopicAttributes sns:Subscribe sns:TagResource sns:UntagResource""",
    "AWS::SNS::TopicPolicy": "sns:SetTopicAttributes",
    "AWS::SQS::Queue": """
        sqs:CreateQueue sqs:DeleteQueue sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListQueueTags sqs:SetQueueAttributes
        sqs:TagQueue sqs:UntagQueue""",
    "AWS::Scheduler::Schedule": "scheduler:CreateSchedule scheduler:DeleteSchedule scheduler:GetSchedule scheduler:UpdateSchedule",
}

# For the update of an alias by CodeDeploy, beside the alias's own; what they are about is by the words after the colon.
ROLLOUT = {
    "codedeploy:CreateDeployment": "deploymentgroup",
    "codedeploy:GetApplicationRevision": "application",
    "codedeploy:GetDeployment": "deploymentgroup",
    "codedeploy:GetDeploymentConfig": "deploymentconfig",
    "codedeploy:GetDeploymentGroup": "deploymentgroup",
    "codedeploy:RegisterApplicationRevision": "application",
    "codedeploy:StopDeployment": "deploymentgroup",
}


def arn(kind, key, properties, account, region):
    """The ARN of what a resource becomes; what AWS names is named as AWS does."""
    regional = f"{region}:{account}"
    function = properties.get("FunctionName", "").strip("{}").lower()
    named = {
        "CloudWatch::Alarm": lambda of: f"cloudwatch:{regional}:alarm:{of['AlarmName']}",
        "CloudWatch::Dashboard": lambda of: f"cloudwatch::{account}:dashboard/{of['DashboardName']}",
        "CodeDeploy::Application": lambda of: f"codedeploy:{regional}:application:{of['ApplicationName']}",
        "CodeDeploy::DeploymentGroup": lambda of: f"codedeploy:{regional}:deploymentgroup:bestand-staging/launcher",
        "EC2::SecurityGroup": lambda of: f"ec2:{regional}:security-group/sg-00000000000000000",
        "EC2::SecurityGroupEgress": lambda of: f"ec2:{regional}:security-group/sg-00000000000000000",
        "EC2::SecurityGroupIngress": lambda of: f"ec2:{regional}:security-group/sg-11111111111111111",
        "ECS::Cluster": lambda of: f"ecs:{regional}:cluster/{of['ClusterName']}",
        "ECS::TaskDefinition": lambda of: f"ecs:{regional}:task-definition/{of['Family']}:7",
        "Events::Rule": lambda of: f"events:{regional}:rule/{of['Name']}",
        "IAM::Role": lambda of: f"iam::{account}:role/{of.get('RoleName', f'bestand-staging-{key}-1A2B3C4D5E6F')}",
        "Lambda::Alias": lambda of: f"lambda:{regional}:function:bestand-staging-launcher:{of['Name']}",
        "Lambda::EventInvokeConfig": lambda of: f"lambda:{regional}:function:bestand-staging-{function}",
        "Lambda::Function": lambda of: f"lambda:{regional}:function:{of['FunctionName']}",
        "Lambda::Permission": lambda of: f"lambda:{regional}:function:bestand-staging-{function}",
        "Lambda::Version": lambda of: f"lambda:{regional}:function:bestand-staging-launcher:4",
        "Logs::LogGroup": lambda of: f"logs:{regional}:log-group:{of['LogGroupName']}",
        "S3::Bucket": lambda of: f"s3:::{of['BucketName']}",
        "S3::BucketPolicy": lambda of: f"s3:::bestand-staging-{account}-{region}",
        "SNS::Subscription": lambda of: f"sns:{regional}:bestand-staging-alarms",
        "SNS::Topic": lambda of: f"sns:{regional}:{of['TopicName']}",
        "SNS::TopicPolicy": lambda of: f"sns:{regional}:bestand-staging-alarms",
        "SQS::Queue": lambda of: f"sqs:{regional}:{of['QueueName']}",
        "Scheduler::Schedule": lambda of: f"scheduler:{regional}:schedule/default/{of['Name']}",
    }
    return "arn:aws:" + named[kind.removeprefix("AWS::")](properties)
