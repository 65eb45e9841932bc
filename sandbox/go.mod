module github.com/didomi/serverless-api/sandbox

go 1.26.0
