package placeholder_test

import (
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/placeholder"
)

func TestRendered(t *testing.T) {
	for _, tt := range []struct{ in, form, want string }{
		{"app:${TAG}", "${ }", "app:${{ vars.TAG }}"},
		{"app:${TAG:-latest}", "${ }", "app:${{ vars.TAG }}"},
		{"app:$TAG", "$NAME", "app:${{ vars.TAG }}"},
		{"app:$(TAG)", "$( )", "app:${{ vars.TAG }}"},
		{"${REGISTRY}/app:${TAG}", "${ }", "${{ vars.REGISTRY }}/app:${{ vars.TAG }}"},
		{"{{ image }}", "{{ }}", "${{ vars.image }}"},
		{"{{image}}:{{{tag}}}", "{{ }}", "${{ vars.image }}:${{ vars.tag }}"},
		{"app:{{ .Values.image.tag | default \"x\" }}", "{{ }}", "app:${{ vars.tag }}"},
		{`app:{{ must_env "TAG" }}`, "{{ }}", "app:${{ vars.TAG }}"},
		{"app:${{ env.TAG }}", "${{ }}", "app:${{ vars.TAG }}"},
		{"app:<+pipeline.variables.tag>", "<+ >", "app:${{ vars.tag }}"},
		{"/ecs/<ENV>/app", "< >", "/ecs/${{ vars.ENV }}/app"},
		{"<your account id>", "< >", "${{ vars.your_account_id }}"},
		{"<subnet-id>", "< >", "${{ vars.subnet_id }}"},
		{"app:#{TAG}#", "#{ }#", "app:${{ vars.TAG }}"},
		{"app:#{TAG}", "#{ }#", "app:${{ vars.TAG }}"},
		{"app:%TAG%", "%NAME%", "app:${{ vars.TAG }}"},
		{"app:@@TAG@@", "@@NAME@@", "app:${{ vars.TAG }}"},
		{"app:{tag}", "{ }", "app:${{ vars.tag }}"},
		{"app:<%= tag %>", "<% %>", "app:${{ vars.tag }}"},
		{"app:__TAG__", "__NAME__", "app:${{ vars.TAG }}"},
		{"__image__", "__NAME__", "${{ vars.image }}"},
		{"__ROLE_ARN__", "__NAME__", "${{ vars.ROLE_ARN }}"},
		{"/ecs/app__ENV__x", "__NAME__", "/ecs/app${{ vars.ENV }}x"},
		{"__A__-__B__", "__NAME__", "${{ vars.A }}-${{ vars.B }}"},
		{"${1}", "${ }", "${{ vars.NAME }}"},
	} {
		p, ok := placeholder.Find(tt.in)
		if got := placeholder.ToExpressions(tt.in); !ok || p.Form != tt.form || got != tt.want {
			t.Errorf("Find(%q) = %+v, %t and ToExpressions = %q, want the form %q and %q", tt.in, p, ok, got,
				tt.form, tt.want)
		}
	}
}

// TestNone checks that valid names, tags, ARNs and regions of AWS have no placeholders.
func TestNone(t *testing.T) {
	for _, text := range []string{
		"", "busybox:1", "registry.example.com:5000/team/app__web__x:v1__2@sha256:aaaa", "/ecs/a_b/__c", "a__b__c",
		"arn:aws:iam::123456789012:role/path/a+b=c,d.e@f-g_h",
		"arn:aws:secretsmanager:us-east-1:123456789012:secret:team/app-AbCdEf:username:AWSPREVIOUS:",
		"eu-central-1", "tag:Tier=private&vpc-id=vpc-1", "50%", "a@b", "a$", "100%-a", "#1", "tag:Name=private-*",
	} {
		if p, ok := placeholder.Find(text); ok || placeholder.ToExpressions(text) != text {
			t.Errorf("Find(%q) = %+v, want none", text, p)
		}
	}
}

func FuzzAll(f *testing.F) {
	f.Add("a ${B} {{ c }} __D__ %E%")
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for _, p := range placeholder.All(text) {
			if p.Text == "" || p.At < last || !strings.HasPrefix(text[p.At:], p.Text) {
				t.Fatalf("All(%q) has %+v after %d", text, p, last)
			}
			last = p.At + len(p.Text)
		}
	})
}
