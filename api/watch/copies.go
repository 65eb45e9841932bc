package watch

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Copies are the copies in another region: the bucket of the copied files with the rule that replicates them, and the
// vault of the copied snapshots.
type Copies struct{ SourceBucket, Bucket, RuleID, Vault pulumi.StringInput }

// copiedWithin is how many hours old the newest copied snapshot may be. The plan copies once a day, so a failed
// day raises no alarm, unless the next day's copy ends later than the last one.
const copiedWithin = 48

// copyAlarms are on the copies in another region, if the stack has any. Clients notice nothing when a copy is missing.
func (a Args) copyAlarms() []alarmSpec {
	if a.Copies == nil {
		return nil
	}
	return []alarmSpec{
		{
			// S3 does not retry an object that has the status FAILED; while the other region is unavailable, the status
			// stays PENDING. So the threshold is 0. CloudWatch gets the metric late, hence 15 minutes.
			// S3 publishes nothing while nothing is replicated. AWS advises to ignore missing data of replication
			// metrics: the alarm would then last until the next upload.
			// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-status.html
			name: "copies-files", metric: a.failedReplications(), threshold: 0, needed: 1, of: 15,
			description: "Files have no copy in the other region, and S3 does not try again. Look at the replication's role and both keys, then copy the files by S3 Batch Replication.",
		},
		{
			// Whatever prevents the copy: the plan does not run, the backup or its copy fails or expires, the account has
			// opted out of Aurora. AWS reports no failure of a job that was never started.
			// AWS Backup publishes no zeros, so an hour without data breaches.
			name: "copies-database", metric: a.completedCopies(), threshold: 1, below: true, silent: true,
			period: time.Hour, needed: copiedWithin, of: copiedWithin,
			description: "No copy of a database snapshot has arrived in the other region for two days. Look at AWS Backup's backup jobs and copy jobs, then at the opt-in to Aurora.",
		},
	}
}

// failedReplications is the number of operations that S3 could not replicate. It is published in the region of the source
// bucket, if the rule has metrics.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html#s3-replication-dimensions
func (a Args) failedReplications() metric {
	return metric{"AWS/S3", "OperationsFailedReplication", "Sum", pulumi.StringMap{
		"SourceBucket": a.Copies.SourceBucket, "DestinationBucket": a.Copies.Bucket, "RuleId": a.Copies.RuleID,
	}}
}

// completedCopies is the number of copy jobs that have completed. "The vault name of copy jobs is that of their destination
// vault." AWS does not say in which region they are counted. They belong to the region from which they copy:
// ListCopyJobs lists them there. Were it the other region, the alarm would be in ALARM from the first day.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html
func (a Args) completedCopies() metric {
	return metric{"AWS/Backup", "NumberOfCopyJobsCompleted", "Sum", pulumi.StringMap{"BackupVaultName": a.Copies.Vault}}
}
