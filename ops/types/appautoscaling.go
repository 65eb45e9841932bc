package types

var appAutoScalingTypes = []Type{
	{Token: "aws:appautoscaling/policy:Policy", Name: generated("name", 256, anyText).within("a scalable target"), Replacement: otherTarget, Cost: free},
	{Token: "aws:appautoscaling/target:Target", Name: noName, Replacement: otherTarget, Cost: free},
}
