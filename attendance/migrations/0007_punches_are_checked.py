
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import organization.sealed_fields


class Migration(migrations.Migration):

    dependencies = [
        ('attendance', '0006_what_a_rule_demands'),
        ('devices', '0002_phones_sign'),
        ('organization', '0011_the_tree_of_former_days'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AutoPunch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_on', models.BooleanField(default=False, verbose_name='punch by itself on company Wi-Fi')),
                ('changed_at', models.DateTimeField(verbose_name='changed')),
            ],
            options={
                'verbose_name': 'automatic punch',
                'verbose_name_plural': 'automatic punches',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='AwaitedCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(db_index=True, verbose_name='due')),
            ],
            options={
                'verbose_name': 'awaited second check',
                'verbose_name_plural': 'awaited second checks',
                'ordering': ['due_at'],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('location', 'Position with a punch'), ('reports', 'Position while on duty in the field')], max_length=10, verbose_name='purpose')),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文')], max_length=10, verbose_name='language')),
                ('given_at', models.DateTimeField(verbose_name='given')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn')),
            ],
            options={
                'verbose_name': 'consent',
                'verbose_name_plural': 'consents',
                'ordering': ['-given_at', '-pk'],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('location', 'Position with a punch'), ('reports', 'Position while on duty in the field')], max_length=10, verbose_name='purpose')),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文')], max_length=10, verbose_name='language')),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('text', models.TextField(verbose_name='text')),
                ('published_at', models.DateTimeField(blank=True, null=True, verbose_name='published')),
            ],
            options={
                'verbose_name': 'notice',
                'verbose_name_plural': 'notices',
                'ordering': ['purpose', '-version', 'language'],
            },
        ),
        migrations.CreateModel(
            name='PositioningFailure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(verbose_name='since')),
                ('last_at', models.DateTimeField(verbose_name='last said')),
            ],
            options={
                'verbose_name': 'failing positioning',
                'verbose_name_plural': 'failing positioning',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='PositionReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reported_at', models.DateTimeField(verbose_name='reported')),
                ('sealed', organization.sealed_fields.SealedField(bound_to=('employee_id', 'reported_at'), purpose='position report', verbose_name='encrypted content')),
                ('kept_at', models.DateTimeField(db_index=True, verbose_name='kept since')),
                ('keep_until', models.DateField(db_index=True, verbose_name='keep until')),
            ],
            options={
                'verbose_name': 'position report',
                'verbose_name_plural': 'position reports',
                'ordering': ['-reported_at'],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='PunchCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('accepted', 'Accepted'), ('held', 'Held'), ('awaited', 'Waits for the second check')], max_length=8, verbose_name='outcome')),
                ('reasons', models.JSONField(default=list, verbose_name='reasons')),
                ('claim_digest', models.CharField(blank=True, help_text='Keyed.', max_length=64, verbose_name='digest of the claim')),
                ('checked_at', models.DateTimeField(verbose_name='checked')),
            ],
            options={
                'verbose_name': 'punch check',
                'verbose_name_plural': 'punch checks',
                'ordering': ['pk'],
                'default_permissions': ('view',),
            },
        ),
        migrations.AddField(
            model_name='punchevidence',
            name='digest',
            field=models.CharField(blank=True, max_length=64, verbose_name='digest'),
        ),
        migrations.AlterField(
            model_name='punchevidence',
            name='kind',
            field=models.CharField(choices=[('position', 'Position'), ('network', 'Wi-Fi access point'), ('photo', 'Photo'), ('integrity', 'State of the phone'), ('address', 'Typed address')], max_length=10, verbose_name='kind'),
        ),
        migrations.AddIndex(
            model_name='punchevidence',
            index=models.Index(condition=models.Q(('digest', ''), _negated=True), fields=['digest'], name='punch_evidence_by_digest'),
        ),
        migrations.AddField(
            model_name='autopunch',
            name='employee',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='auto_punch', to='organization.employee', verbose_name='employee'),
        ),
        migrations.AddField(
            model_name='awaitedcheck',
            name='employee',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organization.employee', verbose_name='employee'),
        ),
        migrations.AddField(
            model_name='awaitedcheck',
            name='punch',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='awaited_check', to='attendance.punch', verbose_name='punch'),
        ),
        migrations.AddField(
            model_name='consent',
            name='employee',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='organization.employee', verbose_name='employee'),
        ),
        migrations.AddField(
            model_name='notice',
            name='published_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='published by'),
        ),
        migrations.AddField(
            model_name='positioningfailure',
            name='employee',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='positioning_failure', to='organization.employee', verbose_name='employee'),
        ),
        migrations.AddField(
            model_name='positionreport',
            name='department',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organization.department', verbose_name='department that day'),
        ),
        migrations.AddField(
            model_name='positionreport',
            name='employee',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='position_reports', to='organization.employee', verbose_name='employee'),
        ),
        migrations.AddField(
            model_name='punchcheck',
            name='phone',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='devices.phone', verbose_name='phone'),
        ),
        migrations.AddField(
            model_name='punchcheck',
            name='punch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='attendance.punch', verbose_name='punch'),
        ),
        migrations.AddField(
            model_name='punchcheck',
            name='rule_version',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='attendance.ruleversion', verbose_name='by the rule of'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at__isnull', True)), fields=('employee', 'purpose'), name='one_consent_in_force_per_purpose'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn_at__isnull', True), ('withdrawn_at__gte', models.F('given_at')), _connector='OR'), name='consent_is_withdrawn_after_it_was_given'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.UniqueConstraint(fields=('purpose', 'version', 'language'), name='one_notice_per_version_and_language'),
        ),
        migrations.AddConstraint(
            model_name='positioningfailure',
            constraint=models.CheckConstraint(condition=models.Q(('last_at__gte', models.F('since'))), name='positioning_fails_in_order'),
        ),
        migrations.AddConstraint(
            model_name='positionreport',
            constraint=models.UniqueConstraint(fields=('employee', 'reported_at'), name='one_position_report_per_moment'),
        ),
    ]
