
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('devices', '0001_initial'),
        ('organization', '0011_the_tree_of_former_days'),
    ]

    operations = [
        migrations.CreateModel(
            name='Phone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(db_index=True, max_length=43, verbose_name='key')),
                ('public_key', models.JSONField(verbose_name='public key')),
                ('name', models.CharField(blank=True, max_length=100, verbose_name='name')),
                ('bound_at', models.DateTimeField(verbose_name='bound')),
                ('released_at', models.DateTimeField(blank=True, null=True, verbose_name='released')),
                ('counter', models.PositiveBigIntegerField(default=0, help_text='The highest number of a punch that it has sent.', verbose_name='counter')),
                ('employee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='phones', to='organization.employee', verbose_name='employee')),
            ],
            options={
                'verbose_name': 'phone',
                'verbose_name_plural': 'phones',
                'ordering': ['-bound_at', '-pk'],
                'default_permissions': ('view',),
                'constraints': [models.UniqueConstraint(condition=models.Q(('released_at__isnull', True)), fields=('employee', 'key'), name='one_binding_per_person_and_phone'), models.CheckConstraint(condition=models.Q(('released_at__isnull', True), ('released_at__gte', models.F('bound_at')), _connector='OR'), name='phone_is_released_after_it_was_bound')],
            },
        ),
    ]
