package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// WithBody returns an option that sends body instead of the JSON that the SDK creates from the
// input. The SDK's input cannot have a member that this version of the SDK does not know.
func WithBody(body []byte) func(*ecs.Options) {
	replace := middleware.SerializeMiddlewareFunc("ReplaceBody",
		func(ctx context.Context, in middleware.SerializeInput,
			next middleware.SerializeHandler) (middleware.SerializeOutput, middleware.Metadata, error) {
			request, ok := in.Request.(*smithyhttp.Request)
			if !ok {
				return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("unexpected request %T", in.Request)
			}
			request, err := request.SetStream(bytes.NewReader(body))
			if err != nil {
				return middleware.SerializeOutput{}, middleware.Metadata{}, err
			}
			in.Request = request
			return next.HandleSerialize(ctx, in)
		})
	return ecs.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Serialize.Insert(replace, "OperationSerializer", middleware.After)
	})
}

// saveBody returns an option that stores the response body in *body. The stored text includes
// members that this version of the SDK does not know.
func saveBody(body *[]byte) func(*ecs.Options) {
	save := middleware.DeserializeMiddlewareFunc("KeepBody",
		func(ctx context.Context, in middleware.DeserializeInput,
			next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if response, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil && response.Body != nil {
				text, readErr := io.ReadAll(response.Body)
				response.Body.Close()
				response.Body = io.NopCloser(bytes.NewReader(text))
				*body, err = text, readErr
			}
			return out, metadata, err
		})
	return ecs.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(save, middleware.After)
	})
}
