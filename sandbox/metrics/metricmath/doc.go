// Package metricmath evaluates expressions of CloudWatch's metric math on time series of one period. It has the operators
// and the functions that need no more than their arguments; it rejects the others by name.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
package metricmath
