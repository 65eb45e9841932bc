"""Serves the tags of a version whose object is deleted: ministack looks for the current object first.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html
"""

from ministack.services import s3

get = s3._get_object_tagging


def get_object_tagging(bucket_name, key, query_params=None):
    """Replaces ministack's of this name."""
    bucket = s3._ensure_bucket(bucket_name)
    version = s3._qp(query_params or {}, "versionId", "")
    known = any(v["version_id"] == version and not v.get("is_delete_marker") for v in s3._object_versions.get((bucket_name, key), []))
    if bucket is None or key in bucket["objects"] or not known:
        return get(bucket_name, key, query_params)
    root = s3.Element("Tagging", xmlns=s3.S3_NS)
    tag_set = s3.SubElement(root, "TagSet")
    for name, value in s3._object_tags.get((bucket_name, key, version), {}).items():
        tag = s3.SubElement(tag_set, "Tag")
        s3.SubElement(tag, "Key").text = name
        s3.SubElement(tag, "Value").text = value
    return 200, {"Content-Type": "application/xml", "x-amz-version-id": version}, s3._xml_body(root)


def install():
    s3._get_object_tagging = get_object_tagging
